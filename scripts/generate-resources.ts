// Writes the table and the types of all built-in resources: `npm run generate`. Offline: from the recorded discovery of
// a real server (record-discovery.ts) and the models of the client-node that is installed.

import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readDiscovery } from './discovery-file.ts'
import { generatedFiles } from './generated-files.ts'

for (const { path, text } of generatedFiles(readDiscovery())) {
  writeFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), text)
  console.log(path)
}

import { writeFileSync } from 'node:fs'
import { exportedNames, recordFile } from './exported-names.ts'

/** With every release: from then on test/guards/exports.test.ts asks for a changelog line for what differs. */
writeFileSync(recordFile, `${exportedNames().join('\n')}\n`)

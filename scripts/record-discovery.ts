// Asks a real kube-apiserver, built from source, what it serves, and writes it down for generate-resources.ts:
// node scripts/record-discovery.ts (needs Go; minutes the first time)

import { discoverServer } from '../test/support/discover-server.ts'
import { buildApiServer, RealApiServer, type RealApiServerOptions } from '../test/support/real-apiserver.ts'
import { type DiscoveredResource, writeDiscovery } from './discovery-file.ts'

type Found = Omit<DiscoveredResource, 'isServedByDefault'>

const binaryDir = await buildApiServer(console.log)

async function discover(options: RealApiServerOptions): Promise<readonly Found[]> {
  const server = await RealApiServer.start(binaryDir, options)
  try {
    return await discoverServer(await server.client())
  } finally {
    await server.close()
  }
}

const nameOf = ({ group, version, name }: Found): string => `${group}/${version}/${name}`
const byDefault = new Set((await discover({})).map(nameOf))
const all = await discover({ runtimeConfig: 'api/all=true', featureGates: 'AllAlpha=true,AllBeta=true' })
writeDiscovery(
  all.map((found) => {
    const { group, version, ...rest } = found
    return { group, version, isServedByDefault: byDefault.has(nameOf(found)), ...rest }
  }),
)
console.log(`${all.length} resources, ${byDefault.size} of them by default`)

// `npm run bench -- compression`: what gzip is worth to a sync, by network. The client has a process of its own; server
// and wire share this one. `node bench/compression.ts 100` measures only networks whose name holds the word.
import { startEmbeddedServer } from '../src/testing/index.ts'
import { startEngine } from './e2e/engine.ts'
import { thinWire } from './support/thin-wire.ts'

const objects = 20_000
const networks = [
  { name: 'loopback', bytesPerSecond: 0, roundTripMs: 0 },
  { name: '1 Gbit/s, 1 ms', bytesPerSecond: 125e6, roundTripMs: 1 },
  { name: '1 Gbit/s, 20 ms', bytesPerSecond: 125e6, roundTripMs: 20 },
  { name: '100 Mbit/s, 1 ms', bytesPerSecond: 12.5e6, roundTripMs: 1 },
  { name: '100 Mbit/s, 20 ms', bytesPerSecond: 12.5e6, roundTripMs: 20 },
].filter(({ name }) => name.includes(process.argv[2] ?? ''))

const seconds = (ms: number): string => (ms / 1000).toFixed(2).padStart(6)

console.log(`sync of ${objects} pods; CPU of client, and of server with wire\n`)
console.log('| network           | list     | gzip  |   wall | client | server | on the wire |')
console.log('| ----------------- | -------- | ----- | ------ | ------ | ------ | ----------- |')
for (const hasWatchList of [true, false]) {
  const server = await startEmbeddedServer({
    objects,
    thread: true,
    hasWatchList,
    hasWatchListCompression: true,
  })
  for (const { name, ...network } of networks) {
    for (const compression of ['none', 'lists'] as const) {
      const port = Number(new URL(server.url).port)
      const wire = network.bytesPerSecond > 0 ? await thinWire({ port, ...network }) : undefined
      const before = process.cpuUsage()
      const engine = startEngine({
        url: `http://127.0.0.1:${wire?.port ?? port}`,
        read: 'none',
        compression,
      })
      const report = await engine.next()
      const { user, system } = process.cpuUsage(before)
      // The worker tells its counters twice a second.
      await new Promise((resolve) => setTimeout(resolve, 700))
      const { wireBytesRead } = await engine.ask('mark')
      await engine.end()
      await wire?.close()
      const list = hasWatchList ? 'streamed' : 'pages'
      const row = [name.padEnd(17), list.padEnd(8), compression.padEnd(5), seconds(report.wallMs)]
      const cells = [...row, seconds(report.cpuMs), seconds((user + system) / 1000)]
      console.log(`| ${[...cells, `${(wireBytesRead / 1e6).toFixed(1)} MB`.padStart(11)].join(' | ')} |`)
    }
  }
  await server.close()
}

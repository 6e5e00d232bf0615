import { parseArgs } from 'node:util'
import { startFilled } from './start-embedded-server.ts'

// The embedded server as a program: one line of JSON with its URL, then it serves until it is interrupted.
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    objects: { type: 'string', default: '1000' },
    rate: { type: 'string', default: '0' },
    resource: { type: 'string', default: 'pods' },
    seed: { type: 'string', default: '1' },
  },
})

function count(name: 'port' | 'objects' | 'rate' | 'seed'): number {
  const value = Number(values[name])
  if (Number.isSafeInteger(value) && value >= 0) return value
  console.error(`--${name} takes a whole number of 0 or more, not "${values[name]}"`)
  process.exit(2)
}

const server = await startFilled({
  port: count('port'),
  objects: count('objects'),
  rate: count('rate'),
  seed: count('seed'),
  resource: values.resource,
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close())
console.log(JSON.stringify({ url: server.url }))

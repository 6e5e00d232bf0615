import { setTimeout } from 'node:timers/promises'
import { runWorkers, WorkQueue } from '../../src/index.ts'

/**
 * Uses a queue with Node's own clock, has it shut down in the way its argument names, and ends by having nothing left
 * to do: whatever keeps it alive then is the queue's. `retry` waits for a delayed item first, with nothing else to do.
 */
const way = process.argv[2]
const hourMs = 3_600_000
const queue = new WorkQueue()
const stop = new AbortController()
const seen = new Set<string>()

const workers = runWorkers(
  queue,
  async (key) => {
    await setTimeout(5)
    seen.add(key)
    if (key === 'fails') throw new Error('again')
    if (key === 'late') queue.shutDown()
    return key === 'periodic' ? { requeueAfterMs: hourMs } : undefined
  },
  { concurrency: 20, signal: stop.signal },
)
for (const key of ['a', 'fails', 'periodic']) queue.add(key)
queue.addAfter('soon', 20)
queue.addAfter('late', way === 'retry' ? 300 : hourMs)

if (way !== 'retry') {
  while (!seen.has('soon') || !seen.has('periodic')) await setTimeout(5)
  if (way === 'shutDown') queue.shutDown()
  if (way === 'drain') await queue.shutDownWithDrain()
  if (way === 'abort') stop.abort()
}
await workers
if (way === 'abort') queue.shutDown()
const { delayed, processing } = queue.stats()
process.stdout.write(JSON.stringify({ seen: [...seen].sort(), delayed, processing }))

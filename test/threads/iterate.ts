/**
 * `node --expose-gc --max-semi-space-size=1 test/threads/iterate.ts OBJECTS`: what one synchronous loop over the cache
 * adds to the heap, seen from inside the loop, as one line of JSON.
 *
 * `garbage`: nothing forced. The small semi-space makes young garbage a matter of some MB; what is more was kept long
 * enough to be promoted. `kept`: collected before each look, so it is what the loop itself holds. `whole`: the same for
 * all objects at once in an array: what both would be near if the loop remembered what it gives.
 */
import { createInformerFactory } from '../../src/index.ts'
import { startServerProcess } from '../soak/server-process.ts'

const objects = Number(process.argv[2] ?? 150_000)
const looks = 40
const { gc } = globalThis
if (gc === undefined || !(objects > 0)) {
  console.error('node --expose-gc --max-semi-space-size=1 test/threads/iterate.ts OBJECTS')
  process.exit(2)
}

const server = await startServerProcess({ objects })
const factory = createInformerFactory({ kubeConfig: { server: server.url }, threads: 1 })
const { informer, lister } = factory.core.v1.pods

/** The largest growth of the heap seen from inside the loop. Everything of every object is read. */
function walk(look: () => number): number {
  const every = Math.floor(objects / looks)
  const before = settled()
  let most = 0
  let seen = 0
  let length = 0
  for (const pod of lister.list()) {
    length += pod.metadata?.name?.length ?? 0
    for (const container of pod.spec?.containers ?? []) length += container.image?.length ?? 0
    if (++seen % every === 0) most = Math.max(most, look() - before)
  }
  if (seen !== objects || length === 0) throw new Error(`${seen} of ${objects} objects were there`)
  return most
}

function heapUsed(): number {
  return process.memoryUsage().heapUsed
}

function settled(): number {
  gc?.()
  gc?.()
  return heapUsed()
}

informer.start()
await informer.waitForSync({ signal: AbortSignal.timeout(300_000) })
// Once before anything is measured: compiled readers and caches of shared strings are no part of it.
walk(heapUsed)
const garbage = walk(heapUsed)
const kept = walk(settled)
const before = settled()
const all = lister.list().toArray()
const whole = settled() - before
console.log(JSON.stringify({ objects: all.length, heap: before, garbage, kept, whole }))
await factory.close()
await server.stop()

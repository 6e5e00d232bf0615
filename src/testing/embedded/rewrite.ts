import type { Runtime } from '../../base/runtime.ts'
import type { Random } from './random.ts'
import type { ServedResource } from './served-resource.ts'
import { touch } from './touch.ts'

const batchCount = 100
const behindMax = 500

/** Changes every object `times` times, as fast as the slowest watcher reads: none is closed, none misses a state. */
export async function rewriteAll(
  served: ServedResource,
  times: number,
  random: Random,
  runtime: Runtime,
  isStopped: () => boolean,
): Promise<number> {
  let changed = 0
  for (let round = 0; round < times; round++) {
    // The keys of this moment: deleted ones are passed over, new ones have their turn in the next round.
    const keys = [...served.store.values()].map((object) => object.key)
    for (let start = 0; start < keys.length; start += batchCount) {
      if (isStopped()) return changed
      for (const key of keys.slice(start, start + batchCount)) {
        const found = served.store.get(key)
        if (found === undefined) continue
        touch(served, found, random)
        changed++
      }
      do await turn(runtime)
      while (served.hubs.some((hub) => hub.behindMax > behindMax) && !isStopped())
    }
  }
  return changed
}

function turn(runtime: Runtime): Promise<void> {
  return new Promise((resolve) => runtime.defer(resolve))
}

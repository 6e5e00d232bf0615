import type { MessagePort } from 'node:worker_threads'
import { nodeRuntime } from '../src/base/runtime.ts'
import type { WatchSpec } from '../src/protocol/messages.ts'
import { TransformStrays } from './transform-strays.ts'
import { runWatch } from './watch.ts'

/** One per thread. */
const strays = new TransformStrays()

/**
 * Piscina's entry, and the entry for `threads: 0`: one call per watch; it resolves when the watch has stopped.
 * `isOwnThread`: nothing but watches runs here.
 */
export default async function watchWorker(task: {
  spec: WatchSpec
  port: MessagePort
  isOwnThread?: boolean
}): Promise<void> {
  await runWatch(task.spec, task.port, nodeRuntime, task.isOwnThread === true ? strays : undefined)
}

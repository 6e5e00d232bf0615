import type { MessagePort } from 'node:worker_threads'
import { nodeRuntime } from '../src/base/runtime.ts'
import type { WatchSpec } from '../src/protocol/messages.ts'
import { runWatch } from './watch.ts'

/** Piscina's entry, and the entry for `threads: 0`: one call per watch; it resolves when the watch has stopped. */
export default async function watchWorker(task: { spec: WatchSpec; port: MessagePort }): Promise<void> {
  await runWatch(task.spec, task.port, nodeRuntime)
}

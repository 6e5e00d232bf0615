import { availableParallelism } from 'node:os'
import { nodeVersionFault } from '../base/node-version.ts'
import { nodeRuntime, type Runtime } from '../base/runtime.ts'
import { Slicer } from '../base/slicer.ts'
import { KubeInformerError } from '../errors.ts'
import { MemoryBudget } from '../protocol/memory-budget.ts'
import { RestartGate } from './restart-gate.ts'
import { SyncPermits } from './sync-permits.ts'
import { ElasticRunner, LocalRunner, PoolRunner, type WatchRunner, type WatchTask } from './watch-runner.ts'
import { workerUrlOf } from './worker-url.ts'

export interface EngineOptions {
  /** Worker threads; 0 runs every stage in the caller's thread. @default 1 below 4 cores, else 2 */
  readonly threads?: number
  /** Bytes of all queues and credit windows together. @default 512 MiB */
  readonly memoryBytesMax?: number
  /** Initial lists at once. @default 4 */
  readonly maxConcurrentSyncs?: number
  /** Longest stretch of own work on the main thread per turn of the event loop. @default 5 */
  readonly sliceMs?: number
  /** Where the worker's code is, for bundled programs: a bundle of `kube-informer/worker` (docs/bundling.md). */
  readonly workerUrl?: URL
  /** Heap limit of a worker thread in MiB. @default 1,024 */
  readonly workerHeapMbMax?: number
}

/** What factories share: threads, main's time slices, memory, and the number of initial lists at once. */
export class Engine {
  readonly runtime: Runtime
  readonly threads: number
  readonly memoryBytesMax: number
  readonly slicer: Slicer
  readonly permits: SyncPermits
  readonly restarts: RestartGate
  readonly memory: MemoryBudget = new MemoryBudget()
  readonly runner: WatchRunner
  #incarnations = 0
  #watches = 0

  constructor(
    options: EngineOptions = {},
    runtime: Runtime = nodeRuntime,
    idleThreads: 'kept' | 'ended' = 'kept',
  ) {
    // Before threads: none would ever load its module, each for a reason that names no version.
    const fault = nodeVersionFault(process.versions.node)
    if (fault !== undefined) throw new KubeInformerError('ERR_NODE_VERSION', fault)
    this.runtime = runtime
    this.threads = options.threads ?? (availableParallelism() < 4 ? 1 : 2)
    this.memoryBytesMax = options.memoryBytesMax ?? 512 * 1024 * 1024
    this.slicer = new Slicer(runtime, options.sliceMs ?? 5)
    this.permits = new SyncPermits(options.maxConcurrentSyncs ?? 4)
    this.restarts = new RestartGate(runtime)
    const { threads } = this
    const workerUrl = workerUrlOf(options.workerUrl)
    const pool = (): WatchRunner =>
      new PoolRunner({ threads, workerUrl, heapMbMax: options.workerHeapMbMax ?? 1024 })
    if (threads === 0) this.runner = new LocalRunner(workerUrl)
    else this.runner = idleThreads === 'kept' ? pool() : new ElasticRunner(pool)
  }

  /** Names one run of one watch; unique in the engine, so that batches of a dead run are told apart. */
  nextIncarnation(): number {
    return ++this.#incarnations
  }

  /** Resolves when the watch has stopped, rejects when its thread died. */
  async run(task: WatchTask): Promise<void> {
    this.#watches++
    try {
      await this.runner.run(task)
    } finally {
      this.#watches--
    }
  }

  /** Watches that run, or are about to. */
  get watches(): number {
    return this.#watches
  }

  async close(): Promise<void> {
    this.restarts.close()
    await this.runner.close()
  }
}

import type { Runtime, Timer } from '../src/base/runtime.ts'
import { readThrown } from '../src/base/thrown.ts'
import { KubeInformerError } from '../src/errors.ts'
import type { ReflectorTiming } from '../src/protocol/messages.ts'
import { backoffMs } from '../src/reflector/requests.ts'
import type { TransformFunction } from './transform.ts'

export interface TransformLoaderOptions {
  readonly url: string
  readonly runtime: Runtime
  readonly timing: ReflectorTiming
  readonly onLoaded: (transform: TransformFunction) => void
  readonly onFailed: (error: KubeInformerError, attempt: number) => void
}

/** A module that waits for something at its top level for so long is told as a fault; it may still come. */
const loadMsMax = 10_000

/**
 * Imports a transform's module, again and again until it is there: which failure lasts, only its author knows. Node keeps
 * modules by thread: watches that share a thread share one, and one that threw while it was evaluated throws the same again.
 */
export class TransformLoader {
  readonly #options: TransformLoaderOptions
  #timer: Timer | undefined
  #attempt = 0
  #isStopped = false

  constructor(options: TransformLoaderOptions) {
    this.#options = options
  }

  start(): void {
    const { runtime, onLoaded } = this.#options
    const attempt = ++this.#attempt
    const isLate = (): boolean => this.#isStopped || attempt !== this.#attempt
    this.#timer = runtime.setTimer(loadMsMax, () => this.#failed(loadError(`not in ${loadMsMax} ms`)))
    defaultExportOf(this.#options.url).then(
      (transform) => {
        if (isLate()) return
        if (typeof transform !== 'function') {
          this.#failed(loadError('it has no function as its default export'))
          return
        }
        this.stop()
        onLoaded(transform as TransformFunction)
      },
      (error: unknown) => {
        if (!isLate()) this.#failed(loadError(readThrown(error).message, error))
      },
    )
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  #failed(error: KubeInformerError): void {
    const { runtime, timing, onFailed } = this.#options
    const attempt = this.#attempt
    this.#timer?.cancel()
    const inputs = { nowMs: runtime.nowMs(), random: runtime.random(), timing }
    this.#timer = runtime.setTimer(backoffMs(attempt, 0, inputs), () => this.start())
    onFailed(error, attempt)
  }
}

async function defaultExportOf(url: string): Promise<unknown> {
  const loaded: unknown = await import(url)
  return Reflect.get(Object(loaded), 'default')
}

function loadError(reason: string, cause?: unknown): KubeInformerError {
  const message = `the module of the transform cannot be loaded: ${reason}`
  return new KubeInformerError('ERR_TRANSFORM_LOAD', message, { cause })
}

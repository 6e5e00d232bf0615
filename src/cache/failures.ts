import { HandlerWarnings } from '../base/handler-warnings.ts'

/** Where an error came from: the source, its objects and the queue, or `process`. */
export type ErrorStage = 'listWatch' | 'process'

export type OnError = (error: unknown, stage: ErrorStage) => void

/** What went wrong in a controller: counted, and told to `onError`, or else warned of where it is the user's own code. */
export class Failures {
  readonly #onError: OnError | undefined
  readonly #warnings: HandlerWarnings
  #count = 0
  #last: unknown

  constructor(onError: OnError | undefined, nowMs: () => number) {
    this.#onError = onError
    this.#warnings = new HandlerWarnings(nowMs)
  }

  get stats(): { readonly failed: number; readonly lastError: unknown } {
    return { failed: this.#count, lastError: this.#last }
  }

  /** Tried again, or seen in `stats().state`: no warning. */
  ofSource(error: unknown): void {
    this.#note(error, 'listWatch')
  }

  /** Nothing else would show it: what `process` failed for is dropped. */
  ofHandler(error: unknown, handler: string, key: string): void {
    this.#note(error, 'process')
    if (this.#onError === undefined) this.#warnings.report(error, { resource: '', key, handler }, this)
  }

  #note(error: unknown, stage: ErrorStage): void {
    this.#count++
    this.#last = error
    try {
      this.#onError?.(error, stage)
    } catch {
      // Told where errors are told; there is nowhere else.
    }
  }
}

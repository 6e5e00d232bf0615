import type { AnyEvent } from './callbacks.ts'

/** A change that a loop has, or gets next: what a handler returns instead of a promise when only the loop ends its call. */
export class HeldChange {
  readonly event: AnyEvent
  #onEnd: (() => void) | undefined
  #isEnded = false

  constructor(event: AnyEvent) {
    this.event = event
  }

  /** Idempotent. */
  end(): void {
    this.#isEnded = true
    const onEnd = this.#onEnd
    this.#onEnd = undefined
    onEnd?.()
  }

  /** Calls at once if it has ended: a loop may be done with a change before its handler has returned. */
  whenEnded(onEnd: () => void): void {
    if (this.#isEnded) onEnd()
    else this.#onEnd = onEnd
  }
}

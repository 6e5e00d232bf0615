import type { FromWatch } from '../src/protocol/messages.ts'

export type Refusal = Extract<FromWatch, { type: 'refused' }>

/** Told to main and not seen by it yet. */
const unseenMax = 1_000

/**
 * Tells main of refused objects, at most so many ahead of what it has seen: a main thread that is blocked while a server
 * floods it with nonsense must not pay with memory. What does not fit is only counted, and told as one object without
 * a key once main is back: it may be any, a new list tells.
 */
export class Refusals {
  readonly #post: (refusal: Refusal) => void
  count = 0
  #unseen = 0
  #untold: Refusal | undefined

  constructor(post: (refusal: Refusal) => void) {
    this.#post = post
  }

  add(refusal: Refusal): void {
    this.count++
    if (this.#unseen < unseenMax) this.#tell(refusal)
    else this.#untold = { ...refusal, key: undefined }
  }

  /** Main has seen one. */
  seen(): void {
    this.#unseen--
    const untold = this.#untold
    if (this.#unseen > 0 || untold === undefined) return
    this.#untold = undefined
    this.#tell(untold)
  }

  #tell(refusal: Refusal): void {
    this.#unseen++
    this.#post(refusal)
  }
}

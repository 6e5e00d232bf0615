/** One kind of message of one source is told at most so often. */
const silenceMs = 60_000

/**
 * What repeats is told at once, then once a minute. Sources are compared by identity: without them, one bad handler
 * would silence the others. Kinds must be few: they are remembered as long as their source lives.
 */
export class RateLimit {
  readonly #nowMs: () => number
  readonly #told = new WeakMap<object, Map<string, { atMs: number; untold: number }>>()

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** How many were not told since the last one; undefined: nor may this one be. */
  pass(source: object, kind: string): number | undefined {
    const kinds = this.#told.get(source) ?? new Map<string, { atMs: number; untold: number }>()
    this.#told.set(source, kinds)
    const last = kinds.get(kind)
    const nowMs = this.#nowMs()
    if (last !== undefined && nowMs - last.atMs < silenceMs) {
      last.untold++
      return undefined
    }
    kinds.set(kind, { atMs: nowMs, untold: 0 })
    return last?.untold ?? 0
  }
}

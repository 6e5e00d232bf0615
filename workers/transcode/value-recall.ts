/** Values shorter than this are encoded as fast as they are compared; longer ones hardly ever recur whole. */
const textBytesMin = 16
const textBytesMax = 768
const textsMax = 4
const patienceMax = 8
const restVisits = 32

/** Bytes that all recalls of one dictionary may hold. */
export class RecallBudget {
  bytesLeft: number

  constructor(bytesMax: number) {
    this.bytesLeft = bytesMax
  }
}

/** A value's JSON text and what it is encoded as, both as little-endian words; zeros fill the last one. */
export interface KnownText {
  readonly text: Int32Array
  readonly textBytes: number
  readonly lastMask: number
  readonly output: Int32Array
  readonly outputBytes: number
}

/**
 * Objects and arrays that stand at one place again and again, byte for byte: probes, tolerations, resources. The same
 * text at the same place has the same encoding, so it is compared and copied instead of parsed.
 *
 * Only texts whose strings all were references are learnt, or a string that recurs would never get into the dictionary.
 * A place where texts keep differing is left alone for a while.
 */
export class ValueRecall {
  readonly #budget: RecallBudget
  readonly #known: KnownText[] = []
  /** The one expected next: arrays' elements come in turns. */
  #turn = 0
  #patience = patienceMax
  #rest = 0
  #replaced = 0
  /** Of texts seen here lately and not known; a text is learnt at the second sight. */
  readonly #sights: number[] = []
  #sight = 0

  constructor(budget: RecallBudget) {
    this.#budget = budget
  }

  /** The known text that stands at `at`. */
  find(view: DataView, at: number): KnownText | undefined {
    if (this.#rest > 0) {
      this.#rest--
      return undefined
    }
    const known = this.#known
    for (let step = 0; step < known.length; step++) {
      const candidate = known[this.#turn] as KnownText
      this.#turn = this.#turn + 1 < known.length ? this.#turn + 1 : 0
      if (stands(view, at, candidate)) {
        if (this.#patience < patienceMax) this.#patience++
        return candidate
      }
    }
    return undefined
  }

  /** After {@link find} found nothing: `at` to `end` of `view` was encoded as `from` to `to` of `outView`. */
  learn(view: DataView, at: number, end: number, outView: DataView, from: number, to: number): void {
    const bytes = end - at + (to - from)
    if (this.#rest > 0 || end - at < textBytesMin || end - at > textBytesMax) return
    if (--this.#patience <= 0) {
      this.#rest = restVisits
      this.#patience = patienceMax >> 1
    }
    if (this.#budget.bytesLeft < bytes || !this.#isSecondSight(fingerprint(view, at, end))) return
    const rest = (end - at) & 3
    const entry: KnownText = {
      text: words(view, at, end),
      textBytes: end - at,
      lastMask: rest === 0 ? -1 : (1 << (rest << 3)) - 1,
      output: words(outView, from, to),
      outputBytes: to - from,
    }
    this.#budget.bytesLeft -= bytes
    if (this.#known.length < textsMax) {
      this.#known.push(entry)
      return
    }
    const replaced = this.#known[this.#replaced] as KnownText
    this.#budget.bytesLeft += replaced.textBytes + replaced.outputBytes
    this.#known[this.#replaced] = entry
    this.#replaced = (this.#replaced + 1) % textsMax
  }

  #isSecondSight(fingerprint: number): boolean {
    for (const sight of this.#sights) if (sight === fingerprint) return true
    this.#sights[this.#sight] = fingerprint
    this.#sight = (this.#sight + 1) % textsMax
    return false
  }
}

/** A guess that saves learning what does not come again: nothing depends on it. */
function fingerprint(view: DataView, at: number, end: number): number {
  const step = ((end - at) >> 3) | 1
  let hash = end - at
  for (let i = at; i <= end - 4; i += step) hash = (Math.imul(hash, 31) + view.getInt32(i, true)) | 0
  return hash
}

function stands(view: DataView, at: number, known: KnownText): boolean {
  const { text } = known
  const last = text.length - 1
  for (let i = 0; i < last; i++, at += 4) if (view.getInt32(at, true) !== text[i]) return false
  return (view.getInt32(at, true) & known.lastMask) === text[last]
}

function words(view: DataView, start: number, end: number): Int32Array {
  const words = new Int32Array((end - start + 3) >> 2)
  for (let i = 0; i < words.length; i++) {
    const left = end - start - i * 4
    const word = view.getInt32(start + i * 4, true)
    words[i] = left >= 4 ? word : word & ((1 << (left << 3)) - 1)
  }
  return words
}

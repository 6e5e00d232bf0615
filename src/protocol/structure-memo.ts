/** Longer encodings hardly ever recur whole; `{}` and the like are not worth a look. */
const bytesMin = 4
const bytesMax = 96
const objectsMax = 4
const patienceMax = 8
const restReads = 32

/** Objects that all memos of one reader may hold. */
export class MemoBudget {
  objectsLeft: number

  constructor(objectsMax: number) {
    this.objectsLeft = objectsMax
  }
}

interface Known {
  readonly bytes: Uint8Array
  readonly object: object
}

/**
 * Frozen objects of one structure that occur again and again (probes, tolerations, ports): the same bytes are the same object,
 * made once and shared. Half of a pod's objects need not be made, frozen and kept then.
 *
 * Only for readers that freeze: sharing what can be changed would let one object's reader change another's. An object is
 * kept at its second sight; a structure whose objects keep differing is left alone for a while.
 */
export class StructureMemo {
  /** Bytes of the object last found. */
  length = 0
  readonly #budget: MemoBudget
  readonly #known: Known[] = []
  /** The one expected next: arrays' elements come in turns. */
  #turn = 0
  #replaced = 0
  #patience = patienceMax
  #rest = 0
  readonly #sights: number[] = []
  #sight = 0

  constructor(budget: MemoBudget) {
    this.#budget = budget
  }

  /** The object whose encoding stands at `at`. */
  find(bytes: Uint8Array, at: number): object | undefined {
    if (this.#rest > 0) {
      this.#rest--
      return undefined
    }
    const known = this.#known
    for (let step = 0; step < known.length; step++) {
      const candidate = known[this.#turn] as Known
      this.#turn = this.#turn + 1 < known.length ? this.#turn + 1 : 0
      if (!stands(bytes, at, candidate.bytes)) continue
      if (this.#patience < patienceMax) this.#patience++
      this.length = candidate.bytes.length
      return candidate.object
    }
    return undefined
  }

  /** After {@link find} found nothing, and `object` was read from there up to `end`. */
  learn(bytes: Uint8Array, at: number, end: number, object: object): void {
    // Beyond the bytes: a record cut short, which is refused when its end is reached. Its prefix must not be learnt.
    if (this.#rest > 0 || end - at < bytesMin || end - at > bytesMax || end > bytes.length) return
    if (--this.#patience <= 0) {
      this.#rest = restReads
      this.#patience = patienceMax >> 1
    }
    if (!this.#isSecondSight(fingerprint(bytes, at, end))) return
    if (this.#known.length < objectsMax) {
      if (this.#budget.objectsLeft === 0) return
      this.#budget.objectsLeft--
      // A copy: Buffer's own slice would be a view of bytes that move on.
      this.#known.push({ bytes: new Uint8Array(bytes.subarray(at, end)), object })
      return
    }
    this.#known[this.#replaced] = { bytes: new Uint8Array(bytes.subarray(at, end)), object }
    this.#replaced = (this.#replaced + 1) % objectsMax
  }

  #isSecondSight(fingerprint: number): boolean {
    for (const sight of this.#sights) if (sight === fingerprint) return true
    this.#sights[this.#sight] = fingerprint
    this.#sight = (this.#sight + 1) % objectsMax
    return false
  }
}

function stands(bytes: Uint8Array, at: number, known: Uint8Array): boolean {
  for (let i = 0; i < known.length; i++) if (bytes[at + i] !== known[i]) return false
  return true
}

/** A guess that saves keeping what does not come again: nothing depends on it. */
function fingerprint(bytes: Uint8Array, at: number, end: number): number {
  let hash = end - at
  for (let i = at; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0
  return hash
}

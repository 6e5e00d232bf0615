import { ch, type JsonScanner } from './json-scanner.ts'
import type { RecallBudget } from './value-recall.ts'

const textBytesMin = 64
const textBytesMax = 8192
const templatesMax = 6
const triesMax = 3
const patienceMax = 16
const restVisits = 64

/**
 * Skips values that are dropped, as strictly as if they were parsed, but faster where they resemble one seen before
 * (managedFields: a fifth of an object's bytes, nearly the same in every object).
 *
 * A template is a valid text and where its strings and numbers are. As long as two texts are equal from their start, a
 * parser is in the same state in both. Where they differ inside a string or a number, that token is scanned; behind
 * it both are in the same state again. Where they differ elsewhere the template is given up, and the value is parsed.
 * Elements of an array are skipped one by one, so that every manager has its template.
 */
export class SkipTemplates {
  readonly #budget: RecallBudget
  readonly #templates: Template[] = []
  #start: Template | undefined
  #patience = patienceMax
  #rest = 0
  #replaced = 0

  constructor(budget: RecallBudget) {
    this.#budget = budget
  }

  /** The cursor moves over one value. */
  skip(scanner: JsonScanner): void {
    const c = scanner.skipSpace()
    if (c === ch.leftBracket) this.#skipElements(scanner)
    else if (c === ch.leftBrace) this.#skipOne(scanner, undefined)
    else scanner.skipValue()
  }

  #skipElements(scanner: JsonScanner): void {
    scanner.enter()
    scanner.at++
    let c = scanner.skipSpace()
    let last: Template | undefined
    while (c !== ch.rightBracket) {
      last = this.#skipOne(scanner, last)
      c = scanner.skipSpace()
      if (c === ch.comma) {
        scanner.at++
        if (scanner.skipSpace() === ch.rightBracket) throw scanner.fail()
      } else if (c !== ch.rightBracket) throw scanner.fail()
    }
    scanner.at++
    scanner.depth--
  }

  /** Returns the template that fitted; `last` is the one before. */
  #skipOne(scanner: JsonScanner, last: Template | undefined): Template | undefined {
    if (this.#rest > 0) {
      this.#rest--
      scanner.skipValue()
      return undefined
    }
    const start = scanner.at
    const expected = last === undefined ? this.#start : last.next
    let tries = 0
    if (expected?.fits(scanner)) return expected
    for (const template of this.#templates) {
      if (template === expected) continue
      if (++tries >= triesMax) break
      scanner.at = start
      if (!template.fits(scanner)) continue
      this.#expect(last, template)
      return template
    }
    scanner.at = start
    scanner.skipValue()
    const learnt = this.#learn(scanner, start)
    if (learnt !== undefined) this.#expect(last, learnt)
    return learnt
  }

  #expect(last: Template | undefined, next: Template): void {
    if (last === undefined) this.#start = next
    else last.next = next
    if (this.#patience < patienceMax) this.#patience++
  }

  #learn(scanner: JsonScanner, start: number): Template | undefined {
    const length = scanner.at - start
    if (length < textBytesMin || length > textBytesMax) return undefined
    const isFull = this.#templates.length === templatesMax
    // A full set changes only now and then: learning costs more than skipping.
    if (--this.#patience <= 0) {
      this.#rest = restVisits
      this.#patience = patienceMax
    } else if (isFull) return undefined
    const bytes = length * 5
    if (this.#budget.bytesLeft < bytes) return undefined
    this.#budget.bytesLeft -= bytes
    const template = new Template(Buffer.from(scanner.bytes.subarray(start, scanner.at)))
    if (!isFull) {
      this.#templates.push(template)
      return template
    }
    this.#budget.bytesLeft += (this.#templates[this.#replaced] as Template).length * 5
    this.#templates[this.#replaced] = template
    this.#replaced = (this.#replaced + 1) % templatesMax
    return template
  }
}

class Template {
  /** What came after it last time. */
  next: Template | undefined
  readonly length: number
  readonly #bytes: Buffer
  readonly #view: DataView
  /** By byte: -1 outside of strings and numbers, else a place at or before it where scanning the token can start. */
  readonly #restarts: Int16Array
  /** By byte inside a string: its closing quote; inside a number: minus the place behind it. */
  readonly #ends: Int16Array
  readonly #isAscii: boolean
  /** More differences than that are slower than parsing. */
  readonly #differencesMax: number

  /** `bytes`: valid JSON. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.length = bytes.length
    this.#restarts = new Int16Array(bytes.length).fill(-1)
    this.#ends = new Int16Array(bytes.length)
    this.#isAscii = !bytes.some((byte) => byte >= 128)
    this.#differencesMax = 4 + (bytes.length >> 5)
    let at = 0
    while (at < bytes.length) {
      const c = bytes[at] as number
      if (c === ch.quote) at = this.#string(at)
      else if (c === ch.minus || (c >= ch.zero && c <= ch.nine)) at = this.#number(at)
      else at++
    }
  }

  /** Returns the place behind the string that starts at `start`. */
  #string(start: number): number {
    const bytes = this.#bytes
    let at = start + 1
    while (bytes[at] !== ch.quote) {
      // An escape is scanned from its backslash on; this one may be five bytes longer, hexadecimal digits restart too.
      const size = bytes[at] === ch.backslash ? (bytes[at + 1] === 117 ? 6 : 2) : 1
      for (let i = 0; i < size; i++) this.#restarts[at + i] = at
      at += size
    }
    this.#restarts[at] = at
    this.#ends.fill(at, start + 1, at + 1)
    return at + 1
  }

  #number(start: number): number {
    let at = start
    while (isNumberByte(this.#bytes[at])) at++
    // The place behind it too: another number may be longer.
    this.#restarts.fill(start, start, at + 1)
    this.#ends.fill(-at, start, at + 1)
    return at
  }

  /** Moves the cursor over a value that fits; false: it does not, and the cursor is anywhere. */
  fits(scanner: JsonScanner): boolean {
    // Equal bytes are valid UTF-8 only if the text does not break off within a character.
    if (!this.#isAscii) scanner.checkUtf8()
    const view = scanner.view
    const known = this.#view
    const length = this.length
    let at = scanner.at
    let i = 0
    let resumed = 0
    for (let left = this.#differencesMax; left > 0; left--) {
      let difference = 0
      while (i + 4 <= length) {
        difference = view.getInt32(at, true) ^ known.getInt32(i, true)
        if (difference !== 0) break
        at += 4
        i += 4
      }
      if (difference !== 0) {
        const equal = (31 - Math.clz32(difference & -difference)) >> 3
        at += equal
        i += equal
      } else {
        while (i < length && scanner.bytes[at] === this.#bytes[i]) {
          at++
          i++
        }
        if (i === length) {
          scanner.at = at
          return true
        }
      }
      const restart = this.#restarts[i] as number
      // Before `resumed` the two are not equal byte by byte: nothing there can be counted back to.
      if (restart < resumed) return false
      at -= i - restart
      i = this.#ends[i] as number
      if (i >= 0) {
        scanner.at = at - 1
        at = scanner.scanString()
      } else {
        i = -i
        const c = scanner.bytes[at] as number
        // At a number's first byte any other value may stand.
        if (c !== ch.minus && (c < ch.zero || c > ch.nine)) return false
        scanner.at = at
        scanner.scanNumber()
        at = scanner.at
      }
      resumed = i
    }
    return false
  }
}

function isNumberByte(c: number | undefined): boolean {
  return (
    c !== undefined &&
    ((c >= ch.zero && c <= ch.nine) || c === ch.minus || c === 43 || c === ch.dot || (c | 32) === 101)
  )
}

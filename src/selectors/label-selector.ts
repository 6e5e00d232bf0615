import { KubeInformerError } from '../errors.ts'
import { isRawJson, labelsOffset } from '../protocol/record-header.ts'
import {
  formatError,
  type Head,
  mapHead,
  referenceAt,
  type StringSpan,
  skipValue,
  spanString,
} from '../protocol/record-scalar.ts'
import { LabelKey, type LabelSource, labelsOf, sameBytes } from './label-key.ts'
import { conditionsMax, firstKey, LabelMemo, noKey } from './label-memo.ts'
import {
  formatRequirements,
  int64,
  keyFault,
  parseRequirements,
  type Requirement,
  sortedSet,
  valueFault,
} from './selector-syntax.ts'

/** metav1.LabelSelector. */
export interface LabelSelectorObject {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
}

/** kubectl's language (`'app=web,tier in (a,b),!canary'`) or the form that objects have. */
export type LabelSelectorInput = string | LabelSelectorObject

/**
 * Parses kubectl's language (`app=web,tier in (a,b),!canary`) or the object form. Throws ERR_INVALID_SELECTOR;
 * `facts.position` is an index into the text, or that of the expression in `matchExpressions`.
 */
export function parseLabelSelector(input: LabelSelectorInput): LabelSelector {
  return new LabelSelector(typeof input === 'string' ? parseRequirements(input) : fromObject(input))
}

const unseen = 0
const matching = 1
const differing = 2

/**
 * By its first byte, the length of nearly all values: one of the dictionary, or a short text. Looked up and not branched
 * on: which one comes next is anyone's guess, the processor's too. 0: {@link spanString} must tell.
 */
const simpleBytes = Uint8Array.from({ length: 256 }, (_, t) =>
  (t & 0xe0) === 0x40 ? 2 : (t & 0xe0) === 0xa0 ? 1 + (t & 31) : 0,
)

/** Conditions on labels, all of which must hold. Not for use while one of its own calls runs. */
export class LabelSelector {
  /** In one spelling, as the API server takes it; '' selects everything. */
  readonly text: string
  readonly requirements: readonly Requirement[]
  readonly #conditions: readonly Condition[]
  /** By condition: what the labels at hand say so far. */
  readonly #states: Uint8Array
  /** Conditions whose label has not been met. */
  #open = 0
  /** By dictionary. Weak: a selector may outlive the cache's epochs. */
  readonly #memos = new WeakMap<LabelSource, LabelMemo>()
  /** The one of the last record, held strongly for as long as the selector is in use: nearly all are of one dictionary. */
  #lastSource: LabelSource | undefined
  #lastMemo: LabelMemo = new LabelMemo(0, 0)

  constructor(requirements: readonly Requirement[]) {
    this.text = formatRequirements(requirements)
    this.requirements = requirements
    this.#conditions = requirements.map((requirement) => new Condition(requirement))
    this.#states = new Uint8Array(requirements.length)
  }

  get isEmpty(): boolean {
    return this.#conditions.length === 0
  }

  /** Whether the record at `offset` is selected; looks at its labels' bytes only, no object is made. */
  matches(bytes: Buffer, offset: number, source: LabelSource): boolean {
    if (this.isEmpty) return true
    if (isRawJson(bytes, offset)) return this.matchesLabels(labelsOf(source.read(bytes, offset)))
    for (let i = 0; i < this.#states.length; i++) this.#states[i] = unseen
    const labels = labelsOffset(bytes, offset)
    if (labels !== 0) this.#look(bytes, labels, source)
    return this.#result()
  }

  matchesLabels(labels: Readonly<Record<string, unknown>> | undefined): boolean {
    this.#states.fill(unseen)
    for (const [i, condition] of this.#conditions.entries()) {
      if (labels === undefined || !Object.hasOwn(labels, condition.key.text)) continue
      const value = labels[condition.key.text]
      this.#states[i] = typeof value === 'string' && condition.holdsText(value) ? matching : differing
    }
    return this.#result()
  }

  #look(bytes: Buffer, labels: number, source: LabelSource): void {
    if (!mapHead(bytes, labels, head)) throw formatError(labels)
    const memo = this.#memoOf(source)
    const { keys } = memo
    this.#open = this.#conditions.length
    // No record has a label twice (repeated-key.ts): what was found is all there is to find.
    for (;;) {
      passLabels(bytes, head, keys)
      if (head.count === 0) return
      head.start = this.#lookAt(bytes, head.start, source, memo)
      head.count--
      if (this.#open === 0) return
    }
  }

  /** What the value at `at` means to a condition, remembered if it is of the dictionary. */
  #stateAt(bytes: Buffer, at: number, source: LabelSource, memo: LabelMemo, position: number): number {
    const condition = this.#conditions[position] as Condition
    const isText = spanString(bytes, at, value)
    const state = isText && condition.holds(bytes, value, source.values) ? matching : differing
    if (isText && value.id >= 0) {
      const states = memo.states[position]
      if (states !== undefined) states[value.id] = state
    }
    return state
  }

  /** A label that may be of a condition: returns where the next one is. */
  #lookAt(bytes: Buffer, at: number, source: LabelSource, memo: LabelMemo): number {
    const id = referenceAt(bytes, at)
    const found = id < 0 ? 0 : (memo.keys[id] as number)
    if (found === 0) return this.#learn(bytes, at, source, memo)
    const valueAt = at + ((bytes[at] as number) < 0x60 ? 2 : 3)
    if (found >= firstKey) {
      const position = found - firstKey
      const valueId = referenceAt(bytes, valueAt)
      const state = valueId < 0 ? 0 : ((memo.states[position] as Uint8Array)[valueId] as number)
      this.#states[position] = state || this.#stateAt(bytes, valueAt, source, memo, position)
      // Where the next one is, nobody asks any more.
      if (--this.#open === 0) return valueAt
    }
    return spanString(bytes, valueAt, value) ? value.end : skipValue(bytes, valueAt, source.structures)
  }

  /** A label whose key nothing is known about: as {@link #lookAt}. */
  #learn(bytes: Buffer, at: number, source: LabelSource, memo: LabelMemo): number {
    if (!spanString(bytes, at, key)) throw formatError(at)
    const { id, end } = key
    let count = 0
    let last = 0
    for (let i = 0; i < this.#conditions.length; i++) {
      if (!(this.#conditions[i] as Condition).key.isAt(bytes, key, source.values)) continue
      this.#states[i] = this.#stateAt(bytes, end, source, memo, i)
      this.#open--
      count++
      last = i
    }
    if (id >= 0 && count === 0) memo.keys[id] = noKey
    // Several conditions on one key, or many in all: they are gone through each time.
    else if (id >= 0 && count === 1 && last < conditionsMax) memo.keys[id] = firstKey + last
    return spanString(bytes, end, value) ? value.end : skipValue(bytes, end, source.structures)
  }

  #memoOf(source: LabelSource): LabelMemo {
    const memo = this.#lastMemo
    // Nearly always. Dictionaries grow while they are used.
    if (source === this.#lastSource && source.values.length <= memo.keys.length) return memo
    return this.#otherMemo(source)
  }

  #otherMemo(source: LabelSource): LabelMemo {
    const size = source.values.length
    let memo = this.#memos.get(source)
    if (memo === undefined) this.#memos.set(source, (memo = new LabelMemo(size, this.#conditions.length)))
    memo.grow(size)
    this.#lastSource = source
    this.#lastMemo = memo
    return memo
  }

  #result(): boolean {
    for (let i = 0; i < this.#conditions.length; i++) {
      const state = this.#states[i] as number
      if ((this.#conditions[i] as Condition).accepted[state] === 0) return false
    }
    return true
  }
}

/** Moves on to the first label that may be of a condition, or is written in a rarer way. Apart from all else: a scan's time is spent here. */
function passLabels(bytes: Uint8Array, labels: Head, keys: Uint8Array): void {
  let at = labels.start
  let left = labels.count
  for (; left > 0; left--) {
    const first = bytes[at] as number
    if ((first & 0xe0) !== 0x40) break
    if (keys[(first & 31) | ((bytes[at + 1] as number) << 5)] !== noKey) break
    const length = simpleBytes[bytes[at + 2] as number] as number
    if (length === 0) break
    at += 2 + length
  }
  labels.start = at
  labels.count = left
}

const head: Head = { count: 0, start: 0 }
const key: StringSpan = { start: 0, length: 0, id: -1, end: 0 }
const value: StringSpan = { start: 0, length: 0, id: -1, end: 0 }

class Condition {
  readonly key: LabelKey
  /** By what the labels say: unseen, matching, differing. */
  readonly accepted: Uint8Array
  readonly #requirement: Requirement
  readonly #valueBytes: readonly Buffer[]

  constructor(requirement: Requirement) {
    this.key = new LabelKey(requirement.key)
    this.#requirement = requirement
    this.#valueBytes = requirement.values.map((text) => Buffer.from(text))
    this.accepted = acceptedBy(requirement.operator)
  }

  /** Whether the value is among those named (for `>` and `<`: beyond the one named). */
  holds(bytes: Buffer, span: StringSpan, values: readonly string[]): boolean {
    const { operator } = this.#requirement
    if (span.id >= 0) return this.holdsText(values[span.id] as string)
    if (operator === '>' || operator === '<') {
      return this.holdsText(bytes.toString('utf8', span.start, span.end))
    }
    for (const wanted of this.#valueBytes) if (sameBytes(bytes, span, wanted)) return true
    return false
  }

  holdsText(text: string): boolean {
    const { operator, values } = this.#requirement
    if (operator !== '>' && operator !== '<') return values.includes(text)
    const number = int64(text)
    if (number === undefined) return false
    const limit = BigInt(values[0] as string)
    return operator === '>' ? number > limit : number < limit
  }
}

function acceptedBy(operator: Requirement['operator']): Uint8Array {
  const states = [unseen, matching, differing]
  if (operator === 'exists') return Uint8Array.from(states, (state) => Number(state !== unseen))
  if (operator === '!exists') return Uint8Array.from(states, (state) => Number(state === unseen))
  if (operator === 'notin') return Uint8Array.from(states, (state) => Number(state !== matching))
  return Uint8Array.from(states, (state) => Number(state === matching))
}

function fromObject(selector: LabelSelectorObject): Requirement[] {
  // Labels as they stand in an object, or a misspelt name, would select everything.
  const names = isPlain(selector) ? Object.keys(selector) : ['']
  if (names.some((name) => name !== 'matchLabels' && name !== 'matchExpressions')) {
    throw objectError("must be a string such as 'app=web', or { matchLabels, matchExpressions }", 0)
  }
  const { matchLabels, matchExpressions } = selector
  if (!isPlain(matchLabels ?? {})) throw objectError('matchLabels must be an object', 0)
  if (!Array.isArray(matchExpressions ?? [])) throw objectError('matchExpressions must be an array', 0)
  const requirements: Requirement[] = []
  for (const [label, text] of Object.entries(matchLabels ?? {})) {
    requirements.push({ key: label, operator: 'in', values: [text] })
  }
  const first = requirements.length
  for (const expression of matchExpressions ?? []) {
    const position = requirements.length - first
    if (!isPlain(expression)) throw objectError('must be { key, operator, values }', position)
    const operator = operators.get(expression.operator)
    if (operator === undefined) throw objectError(`unknown operator '${expression.operator}'`, position)
    const values = valuesOf(expression, position)
    const takesValues = operator === 'in' || operator === 'notin'
    if (takesValues !== values.length > 0) {
      throw objectError(
        `${expression.operator} takes ${takesValues ? 'at least one value' : 'no values'}`,
        position,
      )
    }
    requirements.push({ key: expression.key, operator, values })
  }
  for (const [i, { key: label, values }] of requirements.entries()) {
    const fault = keyFault(label) ?? values.map(valueFault).find((wrong) => wrong !== undefined)
    if (fault !== undefined) throw objectError(fault, Math.max(0, i - first))
  }
  return requirements
}

/** An array has no names that could be wrong, and indices for keys. */
function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function valuesOf({ values }: { readonly values?: unknown }, position: number): string[] {
  // The characters of a text would be taken for values.
  if (values !== undefined && values !== null && !Array.isArray(values)) {
    throw objectError('values must be an array', position)
  }
  return sortedSet((values ?? []) as string[])
}

const operators: ReadonlyMap<string, Requirement['operator']> = new Map([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!exists'],
] as const)

function objectError(what: string, position: number): KubeInformerError {
  return new KubeInformerError('ERR_INVALID_SELECTOR', `label selector: ${what}`, { facts: { position } })
}

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

/** Conditions on labels, all of which must hold. Not for use while one of its own calls runs. */
export class LabelSelector {
  /** In one spelling, as the API server takes it; '' selects everything. */
  readonly text: string
  readonly requirements: readonly Requirement[]
  readonly #conditions: readonly Condition[]
  /** By condition: what the labels at hand say so far. */
  readonly #states: Uint8Array
  /** By dictionary and id: the string is the key of no condition. Weak: a selector may outlive the cache's epochs. */
  readonly #otherKeys = new WeakMap<LabelSource, Uint8Array>()

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
    const others = this.#otherKeysOf(source)
    let at = head.start
    for (let left = head.count; left > 0; left--) {
      const id = referenceAt(bytes, at)
      if (id >= 0 && others[id] === 1) {
        at += (bytes[at] as number) < 0x60 ? 2 : 3
        at = spanString(bytes, at, value) ? value.end : skipValue(bytes, at, source.structures)
        continue
      }
      if (!spanString(bytes, at, key)) throw formatError(at)
      const isText = spanString(bytes, key.end, value)
      at = isText ? value.end : skipValue(bytes, key.end, source.structures)
      let isOther = true
      // To the end of the labels: of a key that occurs twice the last one counts.
      for (let i = 0; i < this.#conditions.length; i++) {
        const condition = this.#conditions[i] as Condition
        if (!condition.key.isAt(bytes, key, source.values)) continue
        isOther = false
        this.#states[i] = isText && condition.holds(bytes, value, source.values) ? matching : differing
      }
      if (isOther && id >= 0) others[id] = 1
    }
  }

  #otherKeysOf(source: LabelSource): Uint8Array {
    const known = this.#otherKeys.get(source)
    if (known !== undefined && known.length >= source.values.length) return known
    // Dictionaries grow while lists are made: not a new table for each of their strings.
    const table = new Uint8Array(source.values.length * 2)
    if (known !== undefined) table.set(known)
    this.#otherKeys.set(source, table)
    return table
  }

  #result(): boolean {
    for (let i = 0; i < this.#conditions.length; i++) {
      const state = this.#states[i] as number
      if (!(this.#conditions[i] as Condition).accepts(state)) return false
    }
    return true
  }
}

const head: Head = { count: 0, start: 0 }
const key: StringSpan = { start: 0, length: 0, id: -1, end: 0 }
const value: StringSpan = { start: 0, length: 0, id: -1, end: 0 }

class Condition {
  readonly key: LabelKey
  readonly #requirement: Requirement
  readonly #valueBytes: readonly Buffer[]

  constructor(requirement: Requirement) {
    this.key = new LabelKey(requirement.key)
    this.#requirement = requirement
    this.#valueBytes = requirement.values.map((text) => Buffer.from(text))
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

  accepts(state: number): boolean {
    switch (this.#requirement.operator) {
      case 'exists':
        return state !== unseen
      case '!exists':
        return state === unseen
      case 'notin':
        return state !== matching
      default:
        return state === matching
    }
  }
}

function fromObject(selector: LabelSelectorObject): Requirement[] {
  // Labels as they stand in an object, or a misspelt name, would select everything.
  const names = typeof selector === 'object' && selector !== null ? Object.keys(selector) : ['']
  if (names.some((name) => name !== 'matchLabels' && name !== 'matchExpressions')) {
    throw objectError("must be a string such as 'app=web', or { matchLabels, matchExpressions }", 0)
  }
  const requirements: Requirement[] = []
  for (const [label, text] of Object.entries(selector.matchLabels ?? {})) {
    requirements.push({ key: label, operator: 'in', values: [text] })
  }
  const first = requirements.length
  for (const expression of selector.matchExpressions ?? []) {
    const operator = operators.get(expression.operator)
    const position = requirements.length - first
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

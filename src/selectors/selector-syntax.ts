import { KubeInformerError } from '../errors.ts'

export type SelectorOperator = 'in' | 'notin' | 'exists' | '!exists' | '>' | '<'

/** One condition on one label. `=`, `==` are `in` with one value, `!=` is `notin` with one. */
export interface Requirement {
  readonly key: string
  readonly operator: SelectorOperator
  /** Sorted, without repeats; empty for `exists` and `!exists`. */
  readonly values: readonly string[]
}

/**
 * `app=web,tier in (a, b),!canary`: kubectl's label selectors. Throws ERR_INVALID_SELECTOR whose `facts.position` is the
 * index in `text` where it stops making sense.
 */
export function parseRequirements(text: string): Requirement[] {
  return new Parser(text).all()
}

class Parser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  all(): Requirement[] {
    const requirements: Requirement[] = []
    if (this.#next() === '') return requirements
    for (;;) {
      requirements.push(this.#requirement())
      const c = this.#next()
      if (c === '') return requirements
      if (c !== ',') throw this.#error("expected ',' or the end")
      this.#at++
    }
  }

  #requirement(): Requirement {
    if (this.#next() === '!') {
      this.#at++
      return { key: this.#key(), operator: '!exists', values: [] }
    }
    const key = this.#key()
    const c = this.#next()
    if (c === '' || c === ',') return { key, operator: 'exists', values: [] }
    const start = this.#at
    operatorPattern.lastIndex = start
    const operator = operatorPattern.exec(this.#text)?.[0]
    if (operator === undefined) throw this.#error('expected an operator: =, ==, !=, in, notin, > or <')
    this.#at += operator.length
    if (operator === 'in' || operator === 'notin') return { key, operator, values: this.#list() }
    if (operator === '>' || operator === '<') return { key, operator, values: [this.#integer()] }
    return { key, operator: operator === '!=' ? 'notin' : 'in', values: [this.#value()] }
  }

  #key(): string {
    this.#next()
    const start = this.#at
    const key = this.#word()
    const wrong = keyFault(key)
    if (wrong !== undefined) throw this.#error(wrong, start)
    return key
  }

  #value(): string {
    this.#next()
    const start = this.#at
    const value = this.#word()
    const wrong = valueFault(value)
    if (wrong !== undefined) throw this.#error(wrong, start)
    return value
  }

  #integer(): string {
    this.#next()
    const start = this.#at
    const value = this.#word()
    // Without a sign, since it must be a label value; `a>-5` is refused by the server, too.
    if (!/^[0-9]/.test(value) || int64(value) === undefined) {
      throw this.#error('expected an integer from 0 to 9223372036854775807', start)
    }
    return value
  }

  #list(): string[] {
    if (this.#next() !== '(') throw this.#error("expected '('")
    this.#at++
    // As in Kubernetes nothing is the empty value: `()` is that alone, `(a,)` is a and that.
    const values: string[] = []
    for (;;) {
      values.push(this.#value())
      const c = this.#next()
      if (c !== ',' && c !== ')') throw this.#error("expected ',' or ')'")
      this.#at++
      if (c === ')') return sortedSet(values)
    }
  }

  #word(): string {
    wordPattern.lastIndex = this.#at
    const word = wordPattern.exec(this.#text)?.[0] ?? ''
    this.#at += word.length
    return word
  }

  /** The next character that is no whitespace; '' at the end. */
  #next(): string {
    while (' \t\r\n'.includes(this.#text.charAt(this.#at)) && this.#at < this.#text.length) this.#at++
    return this.#text.charAt(this.#at)
  }

  #error(what: string, position = this.#at): KubeInformerError {
    const message = `label selector '${this.#text}': ${what} (at ${position})`
    return new KubeInformerError('ERR_INVALID_SELECTOR', message, { facts: { position } })
  }
}

const wordPattern = /[^\s,()=!<>]*/y
const operatorPattern = /==|!=|=|>|<|(?:in|notin)(?![^\s,()=!<>])/y
const namePattern = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const prefixPattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/

/** Why this cannot be a label's key; undefined: it can. */
export function keyFault(key: string): string | undefined {
  const slash = key.indexOf('/')
  const name = key.slice(slash + 1)
  const prefix = key.slice(0, Math.max(slash, 0))
  if (key === '') return 'expected a label key'
  if (slash === 0 || (slash > 0 && (prefix.length > 253 || !prefixPattern.test(prefix)))) {
    return `'${prefix}' is no prefix of a label key`
  }
  return namePattern.test(name) ? undefined : `'${name}' is no label key`
}

export function valueFault(value: string): string | undefined {
  const fits = typeof value === 'string' && (value === '' || namePattern.test(value))
  return fits ? undefined : `'${value}' is no label value`
}

/** What `>` and `<` compare; undefined: `text` is no number to Go's ParseInt, so that neither holds. */
export function int64(text: string): bigint | undefined {
  if (!/^[-+]?[0-9]{1,63}$/.test(text)) return undefined
  const value = BigInt(text.replace('+', ''))
  return BigInt.asIntN(64, value) === value ? value : undefined
}

export function sortedSet(values: readonly string[]): string[] {
  return [...new Set(values)].sort()
}

/** The selector in one spelling: the same conditions give the same text. The API server understands it. */
export function formatRequirements(requirements: readonly Requirement[]): string {
  return sortedSet(requirements.map(formatRequirement)).join(',')
}

function formatRequirement({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'exists':
      return key
    case '!exists':
      return `!${key}`
    case 'in':
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(',')})`
    case 'notin':
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(',')})`
    default:
      return `${key}${operator}${values[0]}`
  }
}

/** The terms of a field selector, all of which must hold, in one order: `\,` stands inside a term. For comparing alone. */
export function sameTerms(fieldSelector = ''): string {
  return sortedSet(fieldSelector.match(/(?:\\.?|[^\\,])+/gs) ?? []).join(',')
}

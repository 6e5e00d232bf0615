import type { FieldPlan } from '../../src/protocol/field-plan.ts'
import { stringEnd, wordEnd } from '../../src/protocol/json-text.ts'

/**
 * Valid JSON text → the same value as JSON text without dropped fields, and with every key at most once (the last one
 * wins, as with JSON.parse). Numbers and strings stay as written; keys are written in one canonical way. Not longer
 * than its source. For the few objects that the straight way cannot hold; recursion is bounded by depthMax, which the
 * caller has checked.
 */
export function normaliseJson(text: string, plan: FieldPlan): NormalJson {
  const normaliser = new Normaliser(text)
  return { text: normaliser.value(plan), hasEscapedKeys: normaliser.hasEscapedKeys }
}

export interface NormalJson {
  readonly text: string
  readonly hasEscapedKeys: boolean
}

class Normaliser {
  readonly #text: string
  hasEscapedKeys = false
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(plan: FieldPlan | undefined): string {
    const c = this.#next()
    if (c === '{') return this.#object(plan)
    if (c === '[') return this.#array(plan)
    return this.#scalar(c === '"' ? stringEnd : wordEnd)
  }

  #object(plan: FieldPlan | undefined): string {
    const members = new Map<string, string>()
    this.#at++
    while (this.#next() !== '}') {
      const key = JSON.parse(this.#scalar(stringEnd)) as string
      this.#next()
      this.#at++
      const member = plan?.members.get(key) ?? plan?.others
      const value = this.value(member)
      if (member?.drop !== true) members.set(key, value)
      if (this.#next() === ',') this.#at++
    }
    this.#at++
    const parts: string[] = []
    // Well-formed: lone surrogates come out as escapes.
    for (const [key, value] of members) {
      const name = JSON.stringify(key)
      if (name.includes('\\')) this.hasEscapedKeys = true
      parts.push(`${name}:${value}`)
    }
    return `{${parts.join(',')}}`
  }

  #array(plan: FieldPlan | undefined): string {
    const elements: string[] = []
    this.#at++
    while (this.#next() !== ']') {
      elements.push(this.value(plan?.elements))
      if (this.#next() === ',') this.#at++
    }
    this.#at++
    return `[${elements.join(',')}]`
  }

  #next(): string {
    spacePattern.lastIndex = this.#at
    spacePattern.test(this.#text)
    this.#at = spacePattern.lastIndex
    return this.#text.charAt(this.#at)
  }

  #scalar(endOf: (text: string, start: number) => number): string {
    const start = this.#at
    const end = endOf(this.#text, start)
    if (end < 0) throw new SyntaxError(`not valid JSON at ${start}`)
    this.#at = end
    return this.#text.slice(start, end)
  }
}

const spacePattern = /[ \n\r\t]*/y

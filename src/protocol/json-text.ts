/** For texts without an escape in any key. */
export function parsePlainJson(text: string, freeze: boolean): unknown {
  const value: unknown = JSON.parse(text)
  if (freeze) freezeDeep(value)
  return value
}

function freezeDeep(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  Object.freeze(value)
  for (const member of Object.values(value)) freezeDeep(member)
}

/**
 * JSON.parse for the few texts that reach main as JSON (nested deeper than a record may be, or with lone surrogates).
 *
 * Not JSON.parse itself: V8's (Node 24.21) takes a key written with an escape for another key that it saw at the same
 * place before (`{"q":1,"\u0026":2}` after `{"q":1,"\\":2}` gives the key `\`). The text was validated when it was
 * written; malformed text throws SyntaxError all the same.
 */
export function parseJsonText(
  text: string,
  freeze: boolean,
  makeNumber: (source: string) => unknown = Number,
): unknown {
  return new JsonText(text, freeze, makeNumber).document()
}

class JsonText {
  readonly #text: string
  readonly #freeze: boolean
  readonly #makeNumber: (source: string) => unknown
  #at = 0

  constructor(text: string, freeze: boolean, makeNumber: (source: string) => unknown) {
    this.#text = text
    this.#freeze = freeze
    this.#makeNumber = makeNumber
  }

  document(): unknown {
    const value = this.#value()
    if (this.#next() !== '') throw this.#error()
    return value
  }

  /** First character that is no whitespace; '' at the end. */
  #next(): string {
    const text = this.#text
    for (;;) {
      const c = text.charAt(this.#at)
      if (c !== ' ' && c !== '\n' && c !== '\t' && c !== '\r') return c
      this.#at++
    }
  }

  #value(): unknown {
    const c = this.#next()
    if (c === '{') return this.#object()
    if (c === '[') return this.#array()
    // Scalars are safe with JSON.parse: only its key cache is wrong.
    const source = this.#scalar(c)
    const value: unknown = JSON.parse(source)
    return typeof value === 'number' ? this.#makeNumber(source) : value
  }

  #object(): object {
    const object: Record<string, unknown> = {}
    this.#at++
    if (this.#next() === '}') {
      this.#at++
      return this.#sealed(object)
    }
    for (;;) {
      if (this.#next() !== '"') throw this.#error()
      const key = JSON.parse(this.#scalar('"')) as string
      if (this.#next() !== ':') throw this.#error()
      this.#at++
      setOwn(object, key, this.#value())
      if (!this.#more('}')) return this.#sealed(object)
    }
  }

  #array(): object {
    const array: unknown[] = []
    this.#at++
    if (this.#next() === ']') {
      this.#at++
      return this.#sealed(array)
    }
    for (;;) {
      array.push(this.#value())
      if (!this.#more(']')) return this.#sealed(array)
    }
  }

  #more(close: string): boolean {
    const c = this.#next()
    if (c !== ',' && c !== close) throw this.#error()
    this.#at++
    return c === ','
  }

  #scalar(first: string): string {
    const start = this.#at
    const end = first === '"' ? stringEnd(this.#text, start) : wordEnd(this.#text, start)
    if (end < 0) throw this.#error()
    this.#at = end
    return this.#text.slice(start, end)
  }

  #sealed<T extends object>(value: T): T {
    return this.#freeze ? Object.freeze(value) : value
  }

  #error(): SyntaxError {
    return new SyntaxError(`unexpected character at ${this.#at}`)
  }
}

/**
 * Offset behind the string that begins with the quote at `start`, or -1. No pattern: V8 keeps a step of its stack for
 * every repetition, and runs out of it in texts of some megabytes.
 */
export function stringEnd(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1)
  while (quote >= 0) {
    let escapes = quote - 1
    while (escapes > start && text.charCodeAt(escapes) === 0x5c) escapes--
    if ((quote - 1 - escapes) % 2 === 0) return quote + 1
    quote = text.indexOf('"', quote + 1)
  }
  return -1
}

/** Offset behind the number, `true`, `false` or `null` at `start`, or -1. */
export function wordEnd(text: string, start: number): number {
  wordPattern.lastIndex = start
  return wordPattern.test(text) ? wordPattern.lastIndex : -1
}

const wordPattern = /[^\s,\]}]+/y

/** `object[key] = value` for keys from outside: `__proto__` becomes a property like any other, as JSON.parse does. */
export function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  } else {
    object[key] = value
  }
}

/**
 * JSON.parse once more, as plainly as possible and independent of the engine: the judge where V8's own is wrong (keys
 * with escapes, see src/protocol/json-text.ts). Throws SyntaxError.
 */
export function parseReference(text: string): unknown {
  let at = 0
  const value = parseValue()
  space()
  if (at !== text.length) throw new SyntaxError('text behind the value')
  return value

  function space(): void {
    while (at < text.length && ' \t\n\r'.includes(text[at] as string)) at++
  }

  function expect(literal: string): void {
    if (!text.startsWith(literal, at)) throw new SyntaxError(`expected ${literal} at ${at}`)
    at += literal.length
  }

  function parseValue(): unknown {
    space()
    switch (text[at]) {
      case '{':
        return parseObject()
      case '[':
        return parseArray()
      case '"':
        return parseString()
      case 't':
        expect('true')
        return true
      case 'f':
        expect('false')
        return false
      case 'n':
        expect('null')
        return null
      default:
        return parseNumber()
    }
  }

  function parseNumber(): number {
    const match = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/.exec(text.slice(at, at + 2000))
    if (match === null) throw new SyntaxError(`no value at ${at}`)
    at += match[0].length
    return Number(match[0])
  }

  function parseString(): string {
    expect('"')
    let result = ''
    for (;;) {
      const c = text[at++]
      if (c === undefined || c < ' ') throw new SyntaxError(`bad string at ${at}`)
      if (c === '"') return result
      if (c !== '\\') {
        result += c
        continue
      }
      const letter = text[at++] as string
      const simple = '"\\/bfnrt'.indexOf(letter)
      if (letter === 'u') {
        const digits = text.slice(at, at + 4)
        if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new SyntaxError(`bad escape at ${at}`)
        result += String.fromCharCode(Number.parseInt(digits, 16))
        at += 4
      } else if (letter !== undefined && simple >= 0) {
        result += '"\\/\b\f\n\r\t'[simple]
      } else {
        throw new SyntaxError(`bad escape at ${at}`)
      }
    }
  }

  function parseObject(): unknown {
    const object = {}
    expect('{')
    space()
    if (text[at] === '}') {
      at++
      return object
    }
    for (;;) {
      space()
      const key = parseString()
      space()
      expect(':')
      const value = parseValue()
      Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
      space()
      if (text[at] === '}') {
        at++
        return object
      }
      expect(',')
    }
  }

  function parseArray(): unknown {
    const array: unknown[] = []
    expect('[')
    space()
    if (text[at] === ']') {
      at++
      return array
    }
    for (;;) {
      array.push(parseValue())
      space()
      if (text[at] === ']') {
        at++
        return array
      }
      expect(',')
    }
  }
}

export type Step = string | null

/** What is left of a value when members at the end of `paths` are dropped; `null` stands for every array element. */
export function dropReference(value: unknown, paths: readonly (readonly Step[])[]): unknown {
  if (Array.isArray(value)) {
    const below = paths.filter((path) => path[0] === null).map((path) => path.slice(1))
    return value.map((element) => dropReference(element, below))
  }
  if (typeof value !== 'object' || value === null) return value
  const result = {}
  for (const [key, member] of Object.entries(value)) {
    const below = paths.filter((path) => path[0] === key).map((path) => path.slice(1))
    if (below.some((path) => path.length === 0)) continue
    define(result, key, dropReference(member, below))
  }
  return result
}

/** What is left of a value when only what `paths` lead to is kept. */
export function keepReference(value: unknown, paths: readonly (readonly Step[])[]): unknown {
  if (paths.some((path) => path.length === 0)) return value
  if (Array.isArray(value)) {
    const below = paths.filter((path) => path[0] === null).map((path) => path.slice(1))
    return below.length === 0 ? value : value.map((element) => keepReference(element, below))
  }
  if (typeof value !== 'object' || value === null) return value
  if (paths.every((path) => path[0] === null)) return value
  const result = {}
  for (const [key, member] of Object.entries(value)) {
    const below = paths.filter((path) => path[0] === key).map((path) => path.slice(1))
    if (below.length > 0) define(result, key, keepReference(member, below))
  }
  return result
}

/** Strings, booleans and numbers at the end of `path`, in document order. */
export function columnReference(value: unknown, path: readonly Step[]): unknown[] {
  const [step, ...rest] = path
  if (step === undefined) return typeof value === 'object' ? [] : [value]
  if (step === null) return Array.isArray(value) ? value.flatMap((e) => columnReference(e, rest)) : []
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  return Object.hasOwn(value, step) ? columnReference((value as Record<string, unknown>)[step], rest) : []
}

export function pathText(path: readonly Step[]): string {
  return path
    .map((step, i) => {
      if (step === null) return '[*]'
      if (/^[^.[\]'"/\s]+$/.test(step)) return i === 0 ? step : `.${step}`
      return step.includes("'") ? `["${step}"]` : `['${step}']`
    })
    .join('')
}

function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
}

/** Random JSON texts, from a seed: every kind of value, every spelling of it that JSON allows. */

export type Random = () => number

/** mulberry32: small, fast, and the same everywhere. */
export function seededRandom(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export interface TextOptions {
  readonly depthMax: number
  /** Lone surrogates, repeated keys: what cannot stand in a record as it is. */
  readonly odd: boolean
}

const numbers = [
  '0',
  '-0',
  '1',
  '-1',
  '31',
  '32',
  '33',
  '63',
  '64',
  '65',
  '127',
  '128',
  '-31',
  '-32',
  '-33',
  '-127',
  '-128',
  '-129',
  '255',
  '256',
  '32767',
  '32768',
  '-32768',
  '-32769',
  '65535',
  '65536',
  '2147483647',
  '2147483648',
  '-2147483648',
  '-2147483649',
  '4294967295',
  '4294967296',
  '-4294967296',
  '9007199254740991',
  '9007199254740992',
  '9007199254740993',
  '-9007199254740993',
  '999999999999999',
  '1000000000000000',
  '18446744073709551616',
  '1e400',
  '-1e400',
  '1e-400',
  '-1e-400',
  '5e-324',
  '1.7976931348623157e308',
  '0.1',
  '-0.0',
  '0e0',
  '0.0E-0',
  '1E5',
  '1e+5',
  '1.5e-7',
  '3.141592653589793',
  '123456789012345678901234567890',
  '0.30000000000000004',
  '1.0',
  '100e-2',
  '12345.678',
]
const words = [
  'a',
  'b',
  'name',
  'spec',
  'status',
  'labels',
  'app',
  'items',
  'uid',
  'value',
  'Running',
  'metadata',
  'kind',
  '',
  'é',
  '日本',
  '😀',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  '0',
  '1',
  '42',
  '4294967295',
  'a.b',
  'a/b',
  'app.kubernetes.io/name',
  'f:spec',
  'with space',
  'quote"d',
  'back\\slash',
  'new\nline',
  '\u0000',
  '\u001f',
  '\u007f',
  '\u2028',
  '\ufeff',
  '\uffff',
  'x'.repeat(31),
  'x'.repeat(32),
  'x'.repeat(40),
  'y'.repeat(255),
  'y'.repeat(256),
  'z'.repeat(300),
  'registry.example.com/team/app:1.2.3',
  '2026-10-01T12:00:00Z',
  '12345678-1234-4123-a123-123456789abc',
]

export class JsonTexts {
  readonly #random: Random
  readonly #options: TextOptions

  constructor(random: Random, options: TextOptions) {
    this.#random = random
    this.#options = options
  }

  int(below: number): number {
    return Math.floor(this.#random() * below)
  }

  chance(probability: number): boolean {
    return this.#random() < probability
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)] as T
  }

  space(): string {
    return this.chance(0.9) ? '' : this.pick([' ', '\t', '\n', '\r', '  ', '\r\n\t '])
  }

  word(): string {
    if (this.chance(0.7)) return this.pick(words)
    const length = this.chance(0.9) ? this.int(12) : this.int(600)
    let text = ''
    for (let i = 0; i < length; i++) {
      text += this.chance(0.8)
        ? String.fromCharCode(97 + this.int(26))
        : this.pick(['é', '\n', '"', '\\', '😀', '\u0001'])
    }
    return text
  }

  /** `text` as a JSON string, each character in any of its spellings. */
  string(text: string): string {
    const plain = this.chance(0.7)
    let result = ''
    for (const c of text) {
      const escaped = plain ? JSON.stringify(c).slice(1, -1) : this.#character(c)
      result += escaped
    }
    if (this.#options.odd && this.chance(0.01))
      result += this.pick(['\\ud800', '\\udc00', '\\ud83d\\u0041', '\\uDC00\\ud800'])
    return `"${result}"`
  }

  #character(c: string): string {
    const must = c < ' ' || c === '"' || c === '\\'
    const short = '"\\/\b\f\n\r\t'.indexOf(c)
    if (short >= 0 && this.chance(0.5)) return `\\${'"\\/bfnrt'[short]}`
    if (!must && this.chance(0.7)) return c
    let result = ''
    for (let i = 0; i < c.length; i++) {
      const hex = c.charCodeAt(i).toString(16).padStart(4, '0')
      result += `\\u${this.chance(0.5) ? hex.toUpperCase() : hex}`
    }
    return result
  }

  number(): string {
    if (this.chance(0.7)) return this.pick(numbers)
    const sign = this.chance(0.3) ? '-' : ''
    const digits = String(this.int(10 ** (1 + this.int(9))))
    const fraction = this.chance(0.3) ? `.${this.int(100000)}` : ''
    const exponent = this.chance(0.2)
      ? `${this.pick(['e', 'E'])}${this.pick(['', '+', '-'])}${this.int(330)}`
      : ''
    return sign + digits + fraction + exponent
  }

  value(depth: number): string {
    const kind = this.#random()
    if (depth <= 0 || kind < 0.35) return this.string(this.word())
    if (kind < 0.5) return this.number()
    if (kind < 0.6) return this.pick(['true', 'false', 'null'])
    return kind < 0.85 ? this.object(depth - 1) : this.array(depth - 1)
  }

  array(depth: number): string {
    const length = this.chance(0.95) ? this.int(5) : this.int(40)
    return this.join(
      '[',
      Array.from({ length }, () => this.value(depth)),
      ']',
    )
  }

  object(depth: number): string {
    const length = this.chance(0.97) ? this.int(6) : this.int(40)
    const keys = new Set<string>()
    for (let i = 0; i < length; i++) keys.add(this.word())
    return this.members([...keys].map((key) => [key, this.value(depth)] as const))
  }

  /** Members as an object; if odd, some keys are repeated. */
  members(members: readonly (readonly [key: string, value: string])[]): string {
    const all = [...members]
    if (this.#options.odd && all.length > 0 && this.chance(0.05)) {
      const [key] = this.pick(all)
      all.splice(this.int(all.length + 1), 0, [key, this.value(1)])
    }
    return this.join(
      '{',
      all.map(([key, value]) => `${this.string(key)}${this.space()}:${this.space()}${value}`),
      '}',
    )
  }

  join(open: string, parts: readonly string[], close: string): string {
    let text = open + this.space()
    for (const [i, part] of parts.entries()) text += (i === 0 ? '' : `,${this.space()}`) + part + this.space()
    return text + close
  }

  /** A Kubernetes object: identity, labels, and anything else in any order. */
  kubernetesObject(): string {
    const metadata: (readonly [string, string])[] = [
      ['name', this.string(this.chance(0.95) ? `name-${this.int(50)}` : 'ünï "x"')],
      ['uid', this.string(this.chance(0.9) ? randomUuid(this.#random) : 'not-a-uuid')],
      ['resourceVersion', this.string(this.chance(0.9) ? String(1 + this.int(1e9)) : this.pick(versions))],
    ]
    if (this.chance(0.8)) metadata.push(['namespace', this.string(`ns-${this.int(5)}`)])
    if (this.chance(0.7)) metadata.push(['labels', this.object(0)])
    if (this.chance(0.5)) metadata.push(['annotations', this.object(1)])
    if (this.chance(0.3)) metadata.push(['managedFields', this.array(4)])
    if (this.chance(0.3)) metadata.push([this.word(), this.value(2)])
    const members: (readonly [string, string])[] = [['metadata', this.members(this.#shuffled(metadata))]]
    if (this.chance(0.8)) members.push(['apiVersion', '"v1"'], ['kind', this.string('Pod')])
    if (this.chance(0.8)) members.push(['spec', this.value(this.#options.depthMax)])
    if (this.chance(0.6)) members.push(['status', this.object(this.#options.depthMax)])
    if (this.chance(0.3)) members.push([this.word(), this.value(3)])
    return this.space() + this.members(this.#shuffled(dedupe(members))) + this.space()
  }

  #shuffled<T>(list: readonly T[]): T[] {
    const result = [...list]
    if (this.chance(0.5)) return result
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.int(i + 1)
      ;[result[i], result[j]] = [result[j] as T, result[i] as T]
    }
    return result
  }
}

const versions = [
  '0',
  '00',
  '007',
  '9007199254740991',
  '9007199254740993',
  '340282366920938463463374607431768211455',
  'abc',
  '1x',
  '-1',
  '1e3',
  '999999999999999',
  '1000000000000000',
]

export function randomUuid(random: Random): string {
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('')
  return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`
}

function dedupe<T>(members: readonly (readonly [string, T])[]): (readonly [string, T])[] {
  return [...new Map(members.map((member) => [member[0], member])).values()]
}

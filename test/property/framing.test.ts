import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cuts, decodeList, decodeWatch } from '../framing/support.ts'

const text = fc.string({ unit: 'binary', maxLength: 40 })
const object = fc.dictionary(text, fc.jsonValue({ maxDepth: 4 }), { maxKeys: 5 })
const space = fc.constantFrom('', ' ', '\t', '\r', '  ')
/** JSON with spaces anywhere that JSON allows; no line feeds, which end frames. */
const spaced = (value: unknown, blank: string): string =>
  JSON.stringify(value).replace(/[{}[\],:]|"(?:[^"\\]|\\.)*"/g, (token) => `${blank}${token}${blank}`)

const frames = fc.array(
  fc.record({
    type: fc.constantFrom('ADDED', 'MODIFIED', 'DELETED'),
    object,
    shape: fc.constantFrom('plain', 'plain', 'swapped', 'extra', 'spaced'),
    blank: space,
    end: fc.constantFrom('\n', '\r\n', '\n\n'),
  }),
  { maxLength: 12 },
)

/** One size after another, again and again. */
function* pieces(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] as number
    yield* cuts(bytes.subarray(at, at + size), size)
    at += size
  }
}

test('a watch decodes to what was written, whatever its form and its cuts', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (events, sizes) => {
      const lines = events.map(({ type, object, shape, blank, end }) => {
        const json = JSON.stringify(object)
        if (shape === 'swapped') return `{"object":${json},"type":"${type}"}${end}`
        if (shape === 'extra') return `{"more":{},"type":"${type}","object":${json},"n":1}${end}`
        if (shape === 'spaced') return `${spaced({ type, object }, blank)}${end}`
        return `{"type":"${type}","object":${json}}${end}`
      })
      const { told, wasCut } = decodeWatch(pieces(Buffer.from(lines.join('')), sizes))
      expect(wasCut).toBe(false)
      expect(told.map(read)).toEqual(events.map(({ type, object }) => [type, plain(object)]))
    }),
    { numRuns: 500 },
  )
})

test('a list decodes to what was written, whatever its order and its cuts', () => {
  fc.assert(
    fc.property(
      fc.array(object, { maxLength: 8 }),
      fc.shuffledSubarray(['kind', 'apiVersion', 'metadata', 'items', 'extra'], { minLength: 5 }),
      space,
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
      (items, order, blank, sizes) => {
        const members: Record<string, unknown> = {
          kind: 'ThingList',
          apiVersion: 'g/v1',
          metadata: { resourceVersion: '42', continue: 'c' },
          items,
          extra: { items: [{ a: 1 }], metadata: { resourceVersion: 'no' } },
        }
        const body = spaced(Object.fromEntries(order.map((key) => [key, members[key]])), blank)
        const { told, end } = decodeList(pieces(Buffer.from(body), sizes))
        expect(told.slice(1).map((item) => JSON.parse(item))).toEqual(items.map(plain))
        expect(end()).toMatchObject({
          kind: 'ThingList',
          apiVersion: 'g/v1',
          resourceVersion: '42',
          continueToken: 'c',
          itemCount: items.length,
        })
      },
    ),
    { numRuns: 500 },
  )
})

test('bytes of any kind are events or refusals, one a line at most, never a crash', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom('{"type":"ADDED","object":', '{', '}', '"', '\\', '\n', '[', ']', ',', ':', '{"a":1}}')
      .map((part) => Buffer.from(part)),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.integer({ min: 1, max: 9 }), (parts, size) => {
      const body = Buffer.concat(parts)
      const whole = decodeWatch([body], { frameBytesMax: 64 })
      expect(decodeWatch(cuts(body, size), { frameBytesMax: 64 })).toEqual(whole)
      expect(whole.told.length).toBeLessThanOrEqual(body.toString('latin1').split('\n').length)
    }),
    { numRuns: 2000 },
  )
})

function read(line: string): unknown {
  const at = line.indexOf(' ')
  return [line.slice(0, at), JSON.parse(line.slice(at + 1))]
}

/** As JSON keeps it: lone surrogates aside, -0 is 0. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

import { expect, test } from 'vitest'
import { WatchDecoder } from '../../workers/framing/watch-decoder.ts'
import { cuts, decodeWatch, frameBytesMax } from './support.ts'

const pod = (name: string, more = ''): string =>
  `{"metadata":{"name":"${name}","uid":"u","resourceVersion":"7"}${more}}`
const event = (type: string, object: string): string => `{"type":"${type}","object":${object}}\n`

const stream = Buffer.from(
  [
    event('ADDED', pod('a')),
    event('ADDED', pod('b', ',"spec":{"text":"}\\n\\"{ü€😀\u2028","list":[[{}],[]]}')),
    event('MODIFIED', pod('a')),
    event('BOOKMARK', '{"kind":"Pod","metadata":{"resourceVersion":"8"}}'),
    event(
      'BOOKMARK',
      '{"metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"true"}}}',
    ),
    event('DELETED', pod('b')),
    event('ERROR', '{"kind":"Status","code":410,"reason":"Expired"}'),
  ].join(''),
)
const told = [
  `ADDED ${pod('a')}`,
  `ADDED ${pod('b', ',"spec":{"text":"}\\n\\"{ü€😀\u2028","list":[[{}],[]]}')}`,
  `MODIFIED ${pod('a')}`,
  'BOOKMARK 8',
  'BOOKMARK 9 end',
  `DELETED ${pod('b')}`,
  'ERROR {"kind":"Status","code":410,"reason":"Expired"}',
]

test.each([1, 2, 3, 7, 64, 1 << 20])('tells every event, in chunks of %i bytes', (size) => {
  expect(decodeWatch(cuts(stream, size))).toEqual({ told, wasCut: false })
})

test('tells every event for every place of one cut, inside of characters too', () => {
  for (let at = 0; at <= stream.length; at++) {
    const parts = [stream.subarray(0, at), stream.subarray(at)].filter((part) => part.length > 0)
    expect(decodeWatch(parts)).toEqual({ told, wasCut: false })
  }
})

test('does not copy an event that lies whole in a chunk', () => {
  const chunk = Buffer.from(event('ADDED', pod('a')) + event('ADDED', pod('b')))
  const seen: Buffer[] = []
  const decoder = new WatchDecoder(
    { object: (_type, bytes) => seen.push(bytes), bookmark() {}, error() {}, refused() {} },
    { frameBytesMax },
  )
  decoder.write(chunk)
  expect(seen).toHaveLength(2)
  for (const bytes of seen) expect(bytes).toBe(chunk)
})

test.each([
  ['spaces', ' { "type" : "ADDED" , "object" : {"a":1} } \n', 'ADDED {"a":1}'],
  ['the other order', '{"object":{"a":1},"type":"MODIFIED"}\n', 'MODIFIED {"a":1}'],
  ['members before', '{"x":[{}],"type":"DELETED","object":{"a":1}}\n', 'DELETED {"a":1}'],
  ['a member behind', '{"type":"ADDED","object":{"a":1},"x":2}\n', 'ADDED {"a":1}'],
  ['an object behind', '{"type":"ADDED","object":{"a":1},"x":{}}\n', 'ADDED {"a":1}'],
  ['an escaped key', '{"\\u0074ype":"ADDED","object":{"a":1}}\n', 'ADDED {"a":1}'],
  ['an escaped type', '{"type":"\\u0041DDED","object":{"a":1}}\n', 'ADDED {"a":1}'],
  ['the last of two', '{"type":"ADDED","object":{"a":1},"object":{"a":2}}\n', 'ADDED {"a":2}'],
  ['CRLF', '{"type":"ADDED","object":{"a":1}}\r\n', 'ADDED {"a":1}'],
  ['an empty object', '{"type":"ADDED","object":{}}\n', 'ADDED {}'],
  ['no line feed at the end', '{"type":"ADDED","object":{"a":1}}', 'ADDED {"a":1}'],
])('reads an event with %s', (_what, line, expected) => {
  for (const size of [1, 1000]) {
    expect(decodeWatch(cuts(Buffer.from(line), size))).toEqual({ told: [expected], wasCut: false })
  }
})

test('a member behind the object is no part of it, in any frame', () => {
  const line = '{"type":"ADDED","object":{"a":1},"x":{}}\n'
  expect(decodeWatch([Buffer.from(line + line)]).told).toEqual(['ADDED {"a":1}', 'ADDED {"a":1}'])
})

test('skips empty lines', () => {
  const body = Buffer.from(`\n\r\n  \n${event('ADDED', '{}')}\n\n`)
  expect(decodeWatch([body]).told).toEqual(['ADDED {}'])
})

test.each([
  ['ERR_INVALID_JSON', 'unbalanced brackets', '{"type":"ADDED","object":{"a":{}}'],
  ['ERR_INVALID_JSON', 'two objects', '{"type":"ADDED","object":{}}{}'],
  ['ERR_INVALID_JSON', 'no object at all', 'plain text'],
  ['ERR_INVALID_JSON', 'an array', '[]'],
  ['ERR_INVALID_JSON', 'only brackets', '{{{{}}}}'],
  ['ERR_UNEXPECTED_BODY', 'an unknown type', '{"type":"PATCHED","object":{}}'],
  ['ERR_UNEXPECTED_BODY', 'no type', '{"object":{}}'],
  ['ERR_UNEXPECTED_BODY', 'no object member', '{"type":"ADDED"}'],
  ['ERR_UNEXPECTED_BODY', 'an object that is none', '{"type":"ADDED","object":[]}'],
  ['ERR_UNEXPECTED_BODY', 'a type that is no string', '{"type":1,"object":{}}'],
  ['ERR_OBJECT_IDENTITY', 'a bookmark without a version', '{"type":"BOOKMARK","object":{"metadata":{}}}'],
  [
    'ERR_OBJECT_IDENTITY',
    'a bookmark with a number',
    '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":1}}}',
  ],
  ['ERR_INVALID_JSON', 'a bookmark that is no JSON', '{"type":"BOOKMARK","object":{"metadata":nope}}'],
  [
    'ERR_INVALID_JSON',
    'a bookmark without a bottom',
    `{"type":"BOOKMARK","object":{"a":${'['.repeat(1500)}${']'.repeat(1500)},"b":nope}}`,
  ],
])('refuses with %s a frame with %s, and goes on', (code, _what, line) => {
  const body = Buffer.from(`${line}\n${event('ADDED', '{}')}`)
  for (const size of [1, 100_000]) {
    const { told } = decodeWatch(cuts(body, size))
    expect(told).toEqual([`refused ${code} ${line.length} ${line.slice(0, 30)}`, 'ADDED {}'])
  }
})

test('never crashes on a bracket or quote that is missing, extra or at any other place', () => {
  const line = event('ADDED', pod('a', ',"x":["\\"",{"y":"\\\\"}]')).trimEnd()
  for (let at = 0; at <= line.length; at++) {
    for (const what of ['', '"', '{', '}', '[', ']', '\\', ',', ':']) {
      const broken = `${line.slice(0, at)}${what}${line.slice(at + (what === '' ? 1 : 0))}\n`
      const { told } = decodeWatch([Buffer.from(broken), Buffer.from(event('ADDED', '{}'))])
      expect(told.at(-1)).toBe('ADDED {}')
      expect(told.length).toBeLessThanOrEqual(2)
    }
  }
})

test.each([1, 100, 1 << 20])('skips a frame above its bound, in chunks of %i bytes, and goes on', (size) => {
  const long = event('ADDED', pod('long', `,"x":"${'y'.repeat(3 * frameBytesMax)}"`))
  const body = Buffer.from(event('ADDED', '{}') + long + event('DELETED', '{}'))
  const { told, wasCut } = decodeWatch(cuts(body, size))
  expect(told).toEqual([
    'ADDED {}',
    `refused ERR_FRAME_TOO_LARGE ${long.length - 1} ${long.slice(0, 30)}`,
    'DELETED {}',
  ])
  expect(wasCut).toBe(false)
})

test.each([1, 1000, 5000, 50_000, 1 << 20])(
  'keeps the first 64 KiB of a frame above its bound, in chunks of %i bytes',
  (size) => {
    for (const [bound, length] of [
      [4096, 20_000],
      [4096, 200_000],
      [100_000, 200_000],
    ] as const) {
      const line = Buffer.alloc(length, 'abcdefghijklmnopqrstuvwxyz0123456789-').fill('\n', length - 1)
      const prefixes: Buffer[] = []
      const decoder = new WatchDecoder(
        {
          object() {},
          bookmark() {},
          error() {},
          refused: (_error, byteCount, prefix) => {
            expect(byteCount).toBe(length - 1)
            prefixes.push(Buffer.from(prefix))
          },
        },
        { frameBytesMax: bound },
      )
      // Twice: nothing of the first may stand in the second.
      for (const chunk of cuts(Buffer.concat([line, line]), size)) decoder.write(chunk)
      const expected = line.subarray(0, Math.min(length - 1, 64 * 1024))
      expect(prefixes).toHaveLength(2)
      for (const prefix of prefixes) expect(prefix.equals(expected)).toBe(true)
    }
  },
)

test('takes a frame of exactly its bound', () => {
  const line = event('ADDED', `{"x":"${'y'.repeat(100)}"}`)
  for (const size of [1, 1000]) {
    const body = cuts(Buffer.from(line), size)
    expect(decodeWatch(body, { frameBytesMax: line.length - 1 }).told[0]).toMatch(/^ADDED/)
  }
  expect(decodeWatch([Buffer.from(line)], { frameBytesMax: line.length - 2 }).told[0]).toMatch(/^refused/)
})

test.each(['{"type":"ADDED","object":{"a":', '{"type":"ADDED","object":{}', '{'])(
  'says that a body was cut in the middle of %s',
  (rest) => {
    for (const size of [1, 1000]) {
      const body = Buffer.from(event('ADDED', '{}') + rest)
      expect(decodeWatch(cuts(body, size))).toEqual({ told: ['ADDED {}'], wasCut: true })
    }
  },
)

test('says that a body was cut in the middle of a frame above the bound', () => {
  const body = Buffer.from(`{"type":"ADDED","object":{"a":"${'x'.repeat(2 * frameBytesMax)}`)
  expect(decodeWatch(cuts(body, 1000))).toEqual({ told: [], wasCut: true })
})

test('tells nothing more once it is closed in the middle of a frame', () => {
  let told = 0
  const decoder = new WatchDecoder(
    { object: () => told++, bookmark: () => told++, error: () => told++, refused: () => told++ },
    { frameBytesMax },
  )
  decoder.write(Buffer.from('{"type":"ADDED","obj'))
  decoder.close()
  decoder.write(Buffer.from('ect":{}}\n{"type":"ADDED","object":{}}\n'))
  expect(decoder.end()).toBe(false)
  expect(told).toBe(0)
})

test.each([1, 2, 3])('tells nothing more once it is closed by what it told %i times', (closeAfter) => {
  for (const size of [1, 20, 1 << 20]) {
    expect(decodeWatch(cuts(stream, size), { closeAfter }).told).toEqual(told.slice(0, closeAfter))
  }
})

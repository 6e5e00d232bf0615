import { describe, expect, it } from 'vitest'
import { isRawJson } from '../../src/protocol/record-header.ts'
import { JsonTranscoder, maxRecordBytes } from '../../workers/transcode/json-transcoder.ts'
import { RecordCheck } from '../support/record-check.ts'
import { objectText, readRecord, recordOf, refusal } from '../support/transcoding.ts'

const newTranscoder = (columns: string[] = []): JsonTranscoder => new JsonTranscoder({ fields: {}, columns })

/** Reads back as the reference says, twice: the second time everything is predicted. */
function checkTwice(json: string, check = new RecordCheck({ freeze: true })): RecordCheck {
  check.check(Buffer.from(json))
  check.check(Buffer.from(json))
  return check
}

describe('values', () => {
  it.each([
    ['a key twice', '"b":1,"b":2'],
    ['a lone surrogate', String.raw`"b":"\ud800"`],
    ['a lone surrogate and an escaped key', String.raw`"b":"\ud800","\"":1`],
  ])('takes a text as long as a frame may be beside %s', (_what, members) => {
    const length = 15 * 1024 * 1024
    const json = objectText(`"a":"${'x'.repeat(length)}",${members}`)
    const transcoder = newTranscoder()
    const read = readRecord(transcoder, recordOf(transcoder, json)) as { a: string; b: unknown }
    expect([read.a.length, read.b]).toEqual([length, JSON.parse(json).b])
  })

  it('keeps numbers at every edge', () => {
    const edges = [
      0,
      31,
      32,
      63,
      64,
      65,
      127,
      128,
      255,
      256,
      32767,
      32768,
      65535,
      65536,
      2 ** 31,
      2 ** 32,
      2 ** 53,
    ]
    const numbers = edges.flatMap((n) => [n - 1, n, n + 1, -n - 1, -n, -n + 1]).map(String)
    const odd = [
      '-0',
      '-0.0',
      '1e400',
      '-1e400',
      '5e-324',
      '9007199254740993',
      '0.1',
      '1E+2',
      '1.0',
      '123456789012345678901',
    ]
    checkTwice(objectText(`"n":[${[...numbers, ...odd].join(',')}]`))
  })

  it('keeps strings of every length class, escaped or not', () => {
    const lengths = [0, 1, 2, 31, 32, 33, 127, 255, 256, 257, 65535, 65536, 1 << 20]
    for (const length of lengths) {
      checkTwice(objectText(`"s":"${'x'.repeat(length)}"`))
      checkTwice(objectText(`"s":"\\n${'é'.repeat(length)}"`))
    }
  })

  it('keeps arrays and maps across every size class', () => {
    for (const length of [0, 1, 15, 16, 17, 65535, 65536]) {
      const array = `"a":[${new Array(length).fill('1').join(',')}]`
      const map = `"data":{${Array.from({ length }, (_, i) => `"k${i}":[]`).join(',')}}`
      const transcoder = newTranscoder()
      for (const members of [array, map, '"a":[],"data":{}']) {
        const json = objectText(members)
        expect(readRecord(transcoder, recordOf(transcoder, json))).toEqual(JSON.parse(json))
      }
    }
  })

  it('keeps keys that mean something to JavaScript', () => {
    const keys = [
      '__proto__',
      'constructor',
      'prototype',
      'toString',
      '',
      '0',
      '1',
      '4294967295',
      'a b',
      '"',
      '\\',
      '\u2028',
    ]
    const members = keys.map((key, i) => `${JSON.stringify(key)}:{"__proto__":${i}}`).join(',')
    checkTwice(objectText(`"spec":{${members}},"data":{${members}}`))
    const transcoder = newTranscoder()
    const object = readRecord(transcoder, recordOf(transcoder, objectText('"__proto__":{"polluted":true}')))
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype)
    expect('polluted' in (object as object)).toBe(false)
  })

  it('gives the right key where V8 gives another one', () => {
    const transcoder = newTranscoder()
    recordOf(transcoder, objectText(String.raw`"q":1,"\\":2`))
    const deep = `${'['.repeat(70)}${']'.repeat(70)}`
    for (const more of ['', `,"deep":${deep}`]) {
      const record = recordOf(transcoder, objectText(String.raw`"q":1,"\u0026":2${more}`))
      expect(Object.keys(readRecord(transcoder, record) as object)).toContain('&')
    }
  })

  it('lets the last of repeated keys win, wherever they are', () => {
    for (const members of [
      '"a":1,"a":2',
      '"spec":{"a":{"x":1},"b":2,"a":3}',
      '"data":{"a":"1","a":"2"}',
      '"metadata":{"name":"other","uid":"u","resourceVersion":"7","name":"last"}',
      '"kind":"A","kind":"B"',
    ]) {
      checkTwice(
        objectText(members),
        new RecordCheck({ columns: [['a'], ['spec', 'a'], ['metadata', 'name']] }),
      )
    }
  })

  it('takes whitespace everywhere, and nothing else between tokens', () => {
    const json =
      ' {\n\t"metadata" : { "name":"a" ,"uid" : "b" , "resourceVersion":"1"}\r, "list" : [ 1 , [ ] , { } ] } '
    checkTwice(json)
    for (const wrong of ['\u00a0', '\ufeff', '\u0000', '/**/', '\v']) {
      expect(refusal(newTranscoder(), wrong + objectText())).toBe('ERR_INVALID_JSON')
      expect(refusal(newTranscoder(), objectText() + wrong)).toBe('ERR_INVALID_JSON')
    }
  })
})

describe('depth', () => {
  const nested = (depth: number, open: string, close: string): string =>
    objectText(`"spec":${open.repeat(depth)}1${close.repeat(depth)}`)

  it('writes what nests deeper than 64 as JSON text, and refuses what nests deeper than 1,000', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const transcoder = newTranscoder()
      const cases = [
        { depth: 63, raw: false },
        { depth: 64, raw: true },
        { depth: 999, raw: true },
      ]
      for (const { depth, raw } of cases) {
        const json = nested(depth, open, close)
        const record = recordOf(transcoder, json)
        expect(isRawJson(record, 0)).toBe(raw)
        expect(readRecord(transcoder, record)).toEqual(JSON.parse(json))
      }
      expect(refusal(transcoder, nested(1000, open, close))).toBe('ERR_TOO_DEEP')
      expect(transcoder.key).toBe('default/web-1')
      expect(refusal(transcoder, nested(1_000_000, open, close))).toBe('ERR_TOO_DEEP')
    }
  })

  it('holds dropped values to the same bound', () => {
    const transcoder = new JsonTranscoder({ fields: { drop: ['spec'] }, columns: [] })
    expect(isRawJson(recordOf(transcoder, nested(999, '[', ']')), 0)).toBe(false)
    expect(refusal(transcoder, nested(1000, '[', ']'))).toBe('ERR_TOO_DEEP')
  })
})

describe('refusals', () => {
  it('refuses every beginning of an object, and leaves the dictionaries usable', () => {
    const check = new RecordCheck({ drop: [['status']] })
    const json = Buffer.from(
      objectText('"spec":{"a":[1,-2.5e3,true,null,"\\u00e9é"]},"status":{"b":[{},"x"]}'),
    )
    for (let end = 0; end < json.length; end++) check.check(json.subarray(0, end))
    expect(check.counts.refused).toBe(json.length)
    check.check(json)
    expect(check.counts.accepted).toBe(1)
  })

  it('refuses invalid JSON with its position, kept or dropped', () => {
    const wrong = [
      '{',
      '[1,]',
      '{"a":1,}',
      '[,1]',
      '{"a"}',
      '{a:1}',
      "'a'",
      '01',
      '-',
      '1.',
      '.5',
      '1e',
      '+1',
      'NaN',
      'tru',
      'nul',
    ]
    const alsoWrong = [
      '"\\x"',
      '"\\u12g4"',
      '"\t"',
      '"\n"',
      '[1 2]',
      '{"a":1 "b":2}',
      '[1}',
      '{"a":1]',
      'undefined',
      '"',
    ]
    for (const value of [...wrong, ...alsoWrong]) {
      for (const fields of [{}, { drop: ['spec'] }]) {
        const transcoder = new JsonTranscoder({ fields, columns: [] })
        expect(refusal(transcoder, objectText(`"spec":${value},"z":0`)), value).toBe('ERR_INVALID_JSON')
        expect(transcoder.key).toBe('default/web-1')
        expect(transcoder.versionText).toBe('42')
      }
    }
    const source = objectText('"spec":[1,x]')
    expect(() => recordOf(newTranscoder(), source)).toThrow(
      expect.objectContaining({ facts: { position: source.indexOf('x]') } }),
    )
  })

  it('refuses what is not one object', () => {
    for (const json of [
      '',
      ' ',
      '[]',
      '1',
      'null',
      '"a"',
      `${objectText()}${objectText()}`,
      `${objectText()},`,
    ]) {
      expect(refusal(newTranscoder(), json), json).toBe('ERR_INVALID_JSON')
    }
  })

  it('refuses invalid UTF-8, in keys and values, kept or dropped', () => {
    const invalid = ['ff', 'c0af', 'e28228', 'eda080', 'f4908080', 'c3', 'f09f98', '80']
    for (const hex of invalid) {
      for (const place of ['"spec":"@"', '"spec":{"@":1}', '"spec":["é@é"]']) {
        for (const fields of [{}, { drop: ['spec'] }]) {
          const [before, after] = objectText(place).split('@') as [string, string]
          const json = Buffer.concat([Buffer.from(before), Buffer.from(hex, 'hex'), Buffer.from(after)])
          const transcoder = new JsonTranscoder({ fields, columns: [] })
          expect(refusal(transcoder, json), `${hex} in ${place}`).toBe('ERR_INVALID_UTF8')
          expect(transcoder.key).toBe('default/web-1')
        }
      }
    }
  })

  it('refuses objects without identity, naming what it can', () => {
    for (const meta of [
      '{}',
      'null',
      '[]',
      '1',
      '{"name":""}',
      '{"name":1,"uid":"u","resourceVersion":"1"}',
    ]) {
      expect(refusal(newTranscoder(), `{"metadata":${meta}}`)).toBe('ERR_OBJECT_IDENTITY')
    }
    const transcoder = newTranscoder()
    expect(refusal(transcoder, '{"metadata":{"name":"a","namespace":"b","resourceVersion":"7"}}')).toBe(
      'ERR_OBJECT_IDENTITY',
    )
    expect([transcoder.key, transcoder.version]).toEqual(['b/a', 7])
    // A lone surrogate would come out of UTF-8 as another name.
    expect(refusal(transcoder, objectText('', { name: '\ud800' }))).toBe('ERR_OBJECT_IDENTITY')
    expect(transcoder.key).toBe('')
  })

  it('refuses a buffer without room instead of writing past it', () => {
    const json = Buffer.from(objectText())
    const out = Buffer.alloc(maxRecordBytes(json.length))
    expect(() => newTranscoder().transcode(json, 0, json.length, out, 1)).toThrow(
      expect.objectContaining({ code: 'ERR_INTERNAL' }),
    )
  })
})

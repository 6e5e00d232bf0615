import { describe, expect, it } from 'vitest'
import { expandRecord } from '../../src/protocol/record-expand.ts'
import { isRawJson, recordLength, sameHash } from '../../src/protocol/record-header.ts'
import { JsonTranscoder } from '../../workers/transcode/json-transcoder.ts'
import { JsonTexts, seededRandom } from '../support/json-texts.ts'
import { objectText, readRecord, recordOf } from '../support/transcoding.ts'

const spec = `"spec":{"a":[1,"text of some length"],"template":{"spec":{"image":"web:1"}}}`
const deep = (inner: string): string => `"spec":${'{"a":'.repeat(70)}${inner}${'}'.repeat(70)}`

function newTranscoder(...paths: string[]): JsonTranscoder {
  return new JsonTranscoder({ fields: {}, columns: ['spec.nodeName', ...paths.map((hash) => ({ hash }))] })
}

/** Whether the second text's record has the first one's hash, by path. */
function unchanged(paths: string[], first: string, second: string, transcoder = newTranscoder(...paths)) {
  const a = recordOf(transcoder, first)
  const b = recordOf(transcoder, second)
  return paths.map((_, i) => sameHash(a, 0, b, 0, i + 1))
}

describe('the hash of a subtree', () => {
  it('is the same as long as the subtree is, whatever changes beside it', () => {
    const before = objectText(`${spec},"status":{"phase":"Pending"}`, { resourceVersion: '1' })
    const after = objectText(`${spec},"status":{"phase":"Running","more":[1]}`, { resourceVersion: '22222' })
    const paths = ['spec', 'spec.template.spec', 'status', 'metadata.labels', 'metadata.uid']
    expect(unchanged(paths, before, after)).toEqual([true, true, false, true, true])
  })

  it.each([
    ['a value deep inside', spec.replace('web:1', 'web:2'), [false, false]],
    ['a value beside the inner subtree', spec.replace('[1,', '[2,'), [false, true]],
    ['the end of an array', spec.replace('length"', 'length",0'), [false, true]],
    ['nothing left', '"spec":{}', [false, false]],
    ['null', '"spec":null', [false, false]],
    ['another type', '"spec":"template"', [false, false]],
    ['no subtree', '"other":1', [false, false]],
  ])('tells of %s', (_what, changed, expected) => {
    const paths = ['spec', 'spec.template.spec']
    expect(unchanged(paths, objectText(spec), objectText(changed))).toEqual(expected)
    expect(unchanged(paths, objectText(changed), objectText(changed))).toEqual([true, true])
  })

  it('holds below keys that are data, beside a column, and where a path is another one’s beginning', () => {
    const text = (a: string, node: string): string =>
      `{"metadata":{"name":"a","uid":"u","resourceVersion":"1","labels":{"x/y":"1"},"annotations":{"a.b/c":"${a}","d":"${a}"}},"spec":{"nodeName":"${node}"}}`
    const paths = [
      "metadata.annotations['a.b/c']",
      'metadata.labels',
      'spec.nodeName',
      'spec',
      'spec.nodeName.x',
    ]
    expect(unchanged(paths, text('1', 'n'), text('1', 'm'))).toEqual([true, true, false, false, true])
    expect(unchanged(paths, text('1', 'n'), text('2', 'n'))).toEqual([false, true, true, true, true])
  })

  it('holds for objects that go as JSON text, and never misses when one becomes or ceases to be one', () => {
    const transcoder = newTranscoder('spec')
    const record = recordOf(transcoder, objectText(deep('1')))
    expect(isRawJson(record, 0)).toBe(true)
    expect(recordLength(record, 0)).toBe(record.length)
    expect(unchanged(['spec'], objectText(deep('1')), objectText(deep('1')))).toEqual([true])
    expect(unchanged(['spec'], objectText(deep('1')), objectText(deep('2')))).toEqual([false])
    expect(unchanged(['spec'], objectText(deep('1')), objectText(deep('1.0')))).toEqual([false])
    expect(unchanged(['spec'], objectText(deep('1')), objectText(spec))).toEqual([false])
    expect(unchanged(['spec', 'status'], objectText(spec), objectText('"a":"\\ud800"'))).toEqual([
      false,
      true,
    ])
  })

  it('outlives its dictionaries: in another epoch, in an expanded record', () => {
    const transcoder = new JsonTranscoder({ fields: {}, columns: [{ hash: 'spec' }] })
    const old = recordOf(transcoder, objectText(spec))
    recordOf(transcoder, objectText(spec, { uid: '8c9c3f5e-1b1b-4c1b-a1b1-0123456789ac' }))
    const later = new JsonTranscoder({ fields: {}, columns: [{ hash: 'spec' }], firstEpoch: 7 })
    expect(sameHash(old, 0, recordOf(later, objectText(spec)), 0, 0)).toBe(true)
    const record = recordOf(transcoder, objectText(spec))
    const expanded = expandRecord(record, 0, transcoder.epoch)
    expect(sameHash(old, 0, expanded, 0, 0)).toBe(true)
    expect(readRecord(transcoder, expanded)).toEqual(JSON.parse(objectText(spec)))
  })

  it('says "changed" under another key, and where a record has no such column', () => {
    const made = (hashKey: readonly [number, number]): Buffer =>
      recordOf(new JsonTranscoder({ fields: {}, columns: [{ hash: 'spec' }], hashKey }), objectText(spec))
    expect(sameHash(made([1, 2]), 0, made([1, 2]), 0, 0)).toBe(true)
    for (const other of [
      [1, 3],
      [2, 2],
      [0, 0],
    ] as const) {
      expect(sameHash(made([1, 2]), 0, made(other), 0, 0)).toBe(false)
    }
    const without = recordOf(new JsonTranscoder({ fields: {}, columns: [] }), objectText(spec))
    expect(sameHash(without, 0, made([1, 2]), 0, 0)).toBe(false)
    expect(sameHash(made([1, 2]), 0, without, 0, 0)).toBe(false)
  })

  it('differs for texts that differ in one bit, or in length by zeros, in both of its halves', () => {
    const hashes = new Map<string, string>()
    const lows = new Set<string>()
    const highs = new Set<string>()
    const transcoder = new JsonTranscoder({ fields: {}, columns: [{ hash: 'spec' }], hashKey: [3, 4] })
    for (let length = 0; length < 40; length++) {
      for (let at = 0; at <= length; at++) {
        const text = `${'0'.repeat(at)}${at < length ? '1' : ''}${'0'.repeat(Math.max(0, length - at - 1))}`
        const record = recordOf(transcoder, objectText(`"spec":"${text}"`))
        const hash = record.subarray(-8).toString('hex')
        expect(hashes.get(hash) ?? text).toBe(text)
        hashes.set(hash, text)
        lows.add(hash.slice(0, 8))
        highs.add(hash.slice(8))
      }
    }
    expect(hashes.size).toBe(820)
    expect([lows.size, highs.size]).toEqual([820, 820])
  })

  it('is refused for what is dropped, not kept, elements, and twice the same', () => {
    const make =
      (fields: object, ...paths: string[]) =>
      () =>
        new JsonTranscoder({ fields, columns: paths.map((hash) => ({ hash })) })
    expect(make({ drop: ['spec.a'] }, 'spec.a.b')).toThrow('is dropped')
    expect(make({ keep: ['spec.b'] }, 'spec.a')).toThrow('is not kept')
    expect(make({}, 'spec.a[*].b')).toThrow('is not one place')
    expect(make({}, 'spec', 'spec')).toThrow('occurs twice')
    expect(make({ drop: ['spec.a'] }, 'spec')).not.toThrow()
  })
})

/** Never a change missed: equal hashes only over equal subtrees, in texts as odd as JSON allows. */
it('equal hashes mean equal subtrees, equal texts mean equal hashes', () => {
  const path = ['spec', 'name'] as const
  const random = seededRandom(20261121)
  const texts = new JsonTexts(random, { depthMax: 5, odd: true })
  const transcoder = new JsonTranscoder({ fields: {}, columns: [{ hash: 'spec' }, { hash: 'spec.name' }] })
  let same = 0
  let changed = 0
  let before: { record: Buffer; members: string; value: unknown } | undefined
  for (let i = 0; i < 3_000; i++) {
    const members = before !== undefined && random() < 0.5 ? before.members : `"spec":${texts.value(4)}`
    const text = objectText(`${members},"status":${texts.value(4)}`, { resourceVersion: String(i + 1) })
    const record = recordOf(transcoder, text)
    const value = (JSON.parse(text) as { spec: unknown }).spec
    if (before !== undefined) {
      const inner = (of: unknown): unknown =>
        isRecord(of) && Object.hasOwn(of, path[1]) ? of[path[1]] : undefined
      if (sameHash(before.record, 0, record, 0, 0)) {
        same++
        expect(value).toEqual(before.value)
      } else changed++
      if (sameHash(before.record, 0, record, 0, 1)) expect(inner(value)).toEqual(inner(before.value))
      if (members === before.members && isRawJson(record, 0) === isRawJson(before.record, 0)) {
        expect(sameHash(before.record, 0, record, 0, 0)).toBe(true)
      }
    }
    before = { record, members, value }
  }
  expect(Math.min(same, changed)).toBeGreaterThan(500)
})

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

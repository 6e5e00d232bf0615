import { describe, expect, it } from 'vitest'
import { parseFieldPath } from '../../src/protocol/field-path.ts'
import {
  columnValues,
  labelsOffset,
  recordLength,
  sameColumn,
  sameUid,
  sameVersionText,
  uidText,
  version,
} from '../../src/protocol/record-header.ts'
import { JsonTranscoder } from '../../workers/transcode/json-transcoder.ts'
import { objectText, recordOf } from '../support/transcoding.ts'

const transcoder = new JsonTranscoder({
  fields: {},
  columns: ['spec.nodeName', 'spec.zones[*]', 'metadata.uid'],
})
const record = (members = '', meta = {}): Buffer => recordOf(transcoder, objectText(members, meta))
const upper = '8C9C3F5E-1B1B-4C1B-A1B1-0123456789AB'

describe('identity in the header', () => {
  it('tells uids apart, in either form', () => {
    const uids = [
      upper.toLowerCase(),
      upper,
      `${upper.toLowerCase().slice(0, -1)}c`,
      'x',
      'y',
      '00000000-0000-0000-0000-000000000000',
    ]
    const records = uids.map((uid) => record('', { uid }))
    for (const [i, a] of records.entries()) {
      expect(uidText(a, 0)).toBe(uids[i])
      for (const [j, b] of records.entries()) expect(sameUid(a, 0, b, 0)).toBe(i === j)
    }
  })

  it('takes a uid as the same however the object was written', () => {
    const uid = upper.toLowerCase()
    const plain = record('', { uid })
    const raw = record(`"spec":${'['.repeat(70)}${']'.repeat(70)}`, { uid })
    const escaped = recordOf(transcoder, objectText('', { uid }).replace('8c9c', '\\u0038c9c'))
    for (const other of [raw, escaped]) {
      expect(sameUid(plain, 0, other, 0)).toBe(true)
      expect(sameVersionText(plain, 0, other, 0)).toBe(true)
    }
  })

  it('tells versions apart that compare alike as numbers', () => {
    const texts = ['1', '10', '9007199254740992', '9007199254740993', 'abc', 'abd', '0']
    const records = texts.map((resourceVersion) => record('', { resourceVersion }))
    for (const [i, a] of records.entries()) {
      for (const [j, b] of records.entries()) expect(sameVersionText(a, 0, b, 0)).toBe(i === j)
    }
    expect(records.map((r) => version(r, 0))).toEqual([
      1,
      10,
      9007199254740992n,
      9007199254740993n,
      Number.NaN,
      Number.NaN,
      0,
    ])
  })

  it('is found wherever the record lies', () => {
    const one = record('"spec":{"nodeName":"node-1"},"labels":{}', { resourceVersion: 'abc', uid: 'x' })
    const slab = Buffer.concat([Buffer.from('???'), one, Buffer.from('???')])
    expect(uidText(slab, 3)).toBe('x')
    expect(recordLength(slab, 3)).toBe(one.length)
    expect(columnValues(slab, 3, 0, transcoder.epoch.values)).toEqual(['node-1'])
    expect(sameUid(slab, 3, one, 0)).toBe(true)
  })

  it('has labels only where metadata has them as an object', () => {
    const withLabels = (labels: string): Buffer =>
      recordOf(transcoder, objectText().replace('"name"', `"labels":${labels},"name"`))
    expect(labelsOffset(withLabels('{"a":"b"}'), 0)).toBeGreaterThan(0)
    expect(labelsOffset(withLabels('{}'), 0)).toBeGreaterThan(0)
    for (const labels of ['null', '[]', '"a"', '1']) expect(labelsOffset(withLabels(labels), 0)).toBe(0)
    expect(labelsOffset(record('"labels":{"a":"b"},"spec":{"labels":{}}'), 0)).toBe(0)
  })
})

describe('columns', () => {
  it('are equal when their values are', () => {
    const node = (name: string, zones: string): Buffer =>
      record(`"spec":{"nodeName":"${name}","zones":[${zones}]}`)
    const a = node('node-7', '"x","y"')
    const b = node('node-7', '"x","z"')
    expect([0, 1, 2].map((column) => sameColumn(a, 0, b, 0, column))).toEqual([true, false, true])
    expect(sameColumn(a, 0, node('node-7', '"x","y","z"'), 0, 1)).toBe(false)
    expect(sameColumn(a, 0, node('node-7', '"x"'), 0, 1)).toBe(false)
    expect(sameColumn(a, 0, record(), 0, 0)).toBe(false)
  })

  it('hold the uid as text', () => {
    expect(columnValues(record(), 0, 2, transcoder.epoch.values)).toEqual([
      '8c9c3f5e-1b1b-4c1b-a1b1-0123456789ab',
    ])
  })

  it('hold as many values as there are', () => {
    for (const count of [0, 15, 16, 70_000]) {
      const zones = Array.from({ length: count }, (_, i) => i)
      const texts = columnValues(record(`"spec":{"zones":[${zones.join()}]}`), 0, 1, transcoder.epoch.values)
      expect(texts).toEqual(zones.map(String))
    }
  })

  it('do not exist beyond those asked for', () => {
    expect(() => columnValues(record(), 0, 3, [])).toThrow(
      expect.objectContaining({ code: 'ERR_RECORD_FORMAT' }),
    )
  })
})

describe('field paths', () => {
  it('are keys, quoted keys and every element', () => {
    expect(parseFieldPath('spec.nodeName')).toEqual(['spec', 'nodeName'])
    expect(parseFieldPath('metadata.ownerReferences[*].uid')).toEqual([
      'metadata',
      'ownerReferences',
      null,
      'uid',
    ])
    expect(parseFieldPath("a['b.c/d'][*][*].e[\"f'g\"]")).toEqual(['a', 'b.c/d', null, null, 'e', "f'g"])
    expect(parseFieldPath("['a.b'].c")).toEqual(['a.b', 'c'])
  })

  it('name the place where they are wrong', () => {
    const cases: [path: string, position: number][] = [
      ['', 0],
      ['.a', 0],
      ['a..b', 1],
      ['a.', 1],
      ['a.[*]', 1],
      ['a[0]', 1],
      ["a['b]", 1],
      ['a b', 1],
      ["['a']b", 5],
    ]
    for (const [path, position] of cases) {
      const wrong = expect.objectContaining({ code: 'ERR_INVALID_OPTION', facts: { option: path, position } })
      expect(() => parseFieldPath(path), path).toThrow(wrong)
    }
  })
})

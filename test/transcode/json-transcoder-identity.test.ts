import { describe, expect, it } from 'vitest'
import { columnValues, uidText, version, versionText } from '../../src/protocol/record-header.ts'
import { JsonTranscoder } from '../../workers/transcode/json-transcoder.ts'
import { RecordCheck } from '../support/record-check.ts'
import { objectText, readRecord, recordOf } from '../support/transcoding.ts'

const newTranscoder = (columns: string[] = []): JsonTranscoder => new JsonTranscoder({ fields: {}, columns })

describe('identity', () => {
  it('recognises metadata keys however they are spelled', () => {
    const json = String.raw`{"m\u0065tadata":{"n\u0061me":"\u0061","name\u0073pace":"n\/s","\u0075id":"8C9C3F5E-1b1b-4c1b-a1b1-0123456789ab","resourceVersion":"4\u0032"}}`
    const transcoder = newTranscoder()
    const record = recordOf(transcoder, json)
    expect([transcoder.key, transcoder.version, transcoder.versionText]).toEqual(['n/s/a', 42, '42'])
    expect([version(record, 0), uidText(record, 0)]).toEqual([42, '8C9C3F5E-1b1b-4c1b-a1b1-0123456789ab'])
  })

  it('keeps versions of every kind as text and as what compares', () => {
    const transcoder = newTranscoder()
    const cases: [text: string, comparable: number | bigint][] = [
      ['1', 1],
      ['999999999999999', 999999999999999],
      ['9007199254740991', 9007199254740991],
      ['9007199254740993', 9007199254740993n],
      ['340282366920938463463374607431768211455', 2n ** 128n - 1n],
      ['007', Number.NaN],
      ['abc', Number.NaN],
    ]
    for (const [text, comparable] of cases) {
      const record = recordOf(transcoder, objectText('', { resourceVersion: text }))
      expect([version(record, 0), versionText(record, 0)]).toEqual([comparable, text])
      expect([transcoder.version, transcoder.versionText]).toEqual([comparable, text])
    }
  })

  it('has no key for an object without a name', () => {
    const transcoder = newTranscoder()
    recordOf(transcoder, objectText())
    for (const name of ['', '"name":5,', '"name":"",']) {
      const json = `{"metadata":{${name}"uid":"u","resourceVersion":"5"}}`
      expect(() => recordOf(transcoder, json)).toThrow(
        expect.objectContaining({ code: 'ERR_OBJECT_IDENTITY' }),
      )
      expect(transcoder.key).toBe('')
    }
  })

  it('names cluster-scoped objects by name alone', () => {
    const transcoder = newTranscoder()
    recordOf(transcoder, '{"metadata":{"name":"node-1","uid":"u","resourceVersion":"1"}}')
    expect(transcoder.key).toBe('node-1')
    recordOf(transcoder, '{"metadata":{"name":"node-1","namespace":"","uid":"u","resourceVersion":"1"}}')
    expect(transcoder.key).toBe('node-1')
  })
})

describe('typeMeta', () => {
  const typeMeta = { apiVersion: 'v1', kind: 'Pod' }

  it('adds what is missing as first keys, and only that', () => {
    const transcoder = newTranscoder()
    transcoder.typeMeta = typeMeta
    const cases = [
      objectText(),
      objectText('"apiVersion":"v2","kind":"Deployment"'),
      objectText('"kind":"Job"'),
      objectText('"apiVersion":"v3"'),
      objectText('"apiVersion":null,"spec":1'),
      objectText(`"spec":${'['.repeat(70)}${']'.repeat(70)}`),
      objectText('"a":1,"a":2'),
    ]
    // In every order: each object is guessed from the one before.
    for (const json of [...cases, ...cases.toReversed(), ...cases]) {
      const wanted = { ...typeMeta, ...JSON.parse(json) }
      const object = readRecord(transcoder, recordOf(transcoder, json)) as object
      expect(object).toEqual(wanted)
    }
    const first = readRecord(transcoder, recordOf(transcoder, objectText('"spec":1'))) as object
    expect(Object.keys(first).slice(0, 2)).toEqual(['apiVersion', 'kind'])
  })

  it('has a bound, which the room promised for a record counts on', () => {
    const transcoder = newTranscoder()
    const invalid = expect.objectContaining({ code: 'ERR_UNEXPECTED_BODY' })
    expect(() => {
      transcoder.typeMeta = { apiVersion: 'x'.repeat(500), kind: 'Pod' }
    }).toThrow(invalid)
    transcoder.typeMeta = { apiVersion: 'x'.repeat(400), kind: 'Pod' }
    expect(recordOf(transcoder, objectText()).length).toBeGreaterThan(400)
  })

  it('adds nothing when it is not set', () => {
    const transcoder = newTranscoder()
    transcoder.typeMeta = typeMeta
    recordOf(transcoder, objectText())
    transcoder.typeMeta = undefined
    expect(readRecord(transcoder, recordOf(transcoder, objectText()))).toEqual(JSON.parse(objectText()))
  })
})

describe('columns', () => {
  it('hold values at their paths, in document order, as text', () => {
    const transcoder = newTranscoder([
      'spec.nodeName',
      'spec.ports[*].number',
      "metadata.labels['a.b/c']",
      'status',
      'spec.on',
    ])
    const json = `{"metadata":{"name":"n","uid":"u","resourceVersion":"1","labels":{"x":"y","a.b/c":"é\\n"}},
      "spec":{"ports":[{"number":1.50},{"number":"http"},{},7,{"number":null},{"number":[1]}],"nodeName":"node-1","on":true},
      "status":{}}`
    const record = recordOf(transcoder, json)
    const { values } = transcoder.epoch
    const columns = [0, 1, 2, 3, 4].map((i) => columnValues(record, 0, i, values))
    expect(columns).toEqual([['node-1'], ['1.50', 'http'], ['é\n'], [], ['true']])
  })

  it('need no more room than promised, whatever stands in them', () => {
    for (const element of ['1.1', '1e9', '"a"', '{"x":1.1}', '[1.1]']) {
      const check = new RecordCheck({
        columns: [
          ['spec', null],
          ['spec', null, 'x'],
          ['spec', null, null],
        ],
      })
      check.check(Buffer.from(objectText(`"spec":[${new Array(5000).fill(element).join(',')}]`)))
      expect(check.counts.accepted).toBe(1)
    }
  })

  it('refuse paths that are dropped, not kept, repeated or not paths', () => {
    const make =
      (fields: object, ...columns: string[]) =>
      () =>
        new JsonTranscoder({ fields, columns })
    const invalid = expect.objectContaining({ code: 'ERR_INVALID_OPTION' })
    expect(make({ drop: ['spec'] }, 'spec.nodeName')).toThrow(invalid)
    expect(make({ keep: ['status'] }, 'spec.nodeName')).toThrow(invalid)
    expect(make({}, 'spec.nodeName', 'spec.nodeName')).toThrow(invalid)
    for (const path of ['', '.a', 'a..b', 'a.', '[*]', "a['b", 'a[0]', 'a b'])
      expect(make({}, path), path).toThrow(invalid)
    expect(make({ drop: ['a'], keep: ['b'] })).toThrow(invalid)
    expect(make({ drop: ['a[*]'] })).toThrow(invalid)
    expect(make({ keep: ['spec'] }, 'spec.nodeName')).not.toThrow()
  })
})

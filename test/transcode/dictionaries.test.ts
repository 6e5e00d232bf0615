import { describe, expect, it } from 'vitest'
import { RecordReader } from '../../src/protocol/record-reader.ts'
import { JsonTranscoder } from '../../workers/transcode/json-transcoder.ts'
import { seededRandom } from '../support/json-texts.ts'
import { objectText, readRecord, recordOf } from '../support/transcoding.ts'

const newTranscoder = (bounds = {}): JsonTranscoder =>
  new JsonTranscoder({ fields: {}, columns: ['spec.nodeName'], bounds })

/** Another object each time. */
const uid = (i: number): string => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`
const meta = (i: number): { uid: string; name: string } => ({ uid: uid(i), name: `object-${i}` })

describe('structures', () => {
  it('stay few and small whatever key sets users invent: 100,000 of them', () => {
    const transcoder = newTranscoder()
    const reader = new RecordReader({ structures: [], values: [] }, { freeze: false })
    const random = seededRandom(1)
    for (let i = 0; i < 100_000; i++) {
      const keys = Array.from(
        { length: 1 + (i % 4) },
        (_, k) => `"key${Math.floor(random() * 1e9)}":{"${i}":${k}}`,
      )
      // At a place of their own, below a key of their own, and in the middle of what is always there.
      const json = objectText(
        `"spec":{${keys.join(',')}},"at${i % 5000}":{"x${i}":1},"status":{"phase":"a",${keys.join(',')}}`,
        meta(i),
      )
      const record = recordOf(transcoder, json)
      if (i % 997 !== 0) continue
      const { structures, values } = transcoder.epoch
      reader.extend(structures.slice(reader.structures.length), values.slice(reader.values.length))
      expect(reader.read(record, 0)).toEqual(JSON.parse(json))
    }
    const { structures } = transcoder.epoch
    expect(structures.length).toBeLessThan(1000)
    expect(JSON.stringify(structures).length).toBeLessThan(100_000)
  })

  it('hold their bounds, and objects beyond them are still right', () => {
    const transcoder = newTranscoder({ structureCountMax: 5, keyBytesMax: 300, siteCountMax: 10 })
    for (let i = 0; i < 200; i++) {
      const json = objectText(`"a${i % 20}":{"b${i % 30}":{"c${i}":[{"d":1,"e${i % 3}":2}]}}`, meta(i))
      expect(readRecord(transcoder, recordOf(transcoder, json))).toEqual(JSON.parse(json))
    }
    expect(transcoder.epoch.structures.length).toBeLessThanOrEqual(5)
  })

  it('share an id between places with the same keys', () => {
    const transcoder = newTranscoder()
    recordOf(
      transcoder,
      objectText('"spec":{"name":"a","value":1},"status":[{"name":"b","value":2},{"value":1,"name":""}]'),
    )
    const { structures } = transcoder.epoch
    expect(structures.filter((keys) => keys.join() === 'name,value')).toHaveLength(1)
    expect(structures.filter((keys) => keys.join() === 'value,name')).toHaveLength(1)
  })

  it('leave maps alone: labels, data, and keys with dots or slashes never become structures', () => {
    const transcoder = newTranscoder()
    for (let i = 0; i < 50; i++) {
      recordOf(
        transcoder,
        objectText(
          `"data":{"k${i}":"v"},"spec":{"nodeSelector":{"n${i}":"1"},"hosts":{"a.b${i}":1},"paths":{"a/${i}":1}}`,
        ),
      )
    }
    const keys = transcoder.epoch.structures.flat()
    for (const key of ['k1', 'n1', 'a.b1', 'a/1']) expect(keys).not.toContain(key)
  })

  it('do not take a map with one more key for a known key set', () => {
    const transcoder = newTranscoder()
    for (const members of [
      '"a":1,"b":2',
      '"a":1,"b":2,"c":3',
      '"a":1',
      '"ab":1',
      '"a":1,"bb":2',
      '"b":2,"a":1',
      '"a ":1',
    ]) {
      const json = objectText(`"spec":{${members}}`)
      expect(readRecord(transcoder, recordOf(transcoder, json))).toEqual(JSON.parse(json))
    }
  })
})

describe('strings', () => {
  it('enter when they recur in different objects, and are two bytes then', () => {
    const transcoder = newTranscoder()
    const text = 'a string that many objects share'
    const sizes = Array.from(
      { length: 6 },
      (_, i) => recordOf(transcoder, objectText(`"spec":"${text}"`, meta(i))).length,
    )
    expect(transcoder.epoch.values).toContain(text)
    expect((sizes.at(0) as number) - (sizes.at(-1) as number)).toBeGreaterThan(text.length - 2)
  })

  it('do not enter however often one object repeats them', () => {
    const transcoder = newTranscoder()
    for (let i = 0; i < 50; i++) {
      recordOf(
        transcoder,
        objectText('"spec":["mine alone","mine alone"]', { resourceVersion: String(i + 1) }),
      )
    }
    expect(transcoder.epoch.values).not.toContain('mine alone')
    expect(transcoder.epoch.values).not.toContain('web-1')
  })

  it('hold their bounds, by count and by bytes', () => {
    const count = newTranscoder({ valueCountMax: 100 })
    const bytes = newTranscoder({ valueBytesMax: 2000 })
    for (let i = 0; i < 3000; i++) {
      const json = objectText(`"spec":"value number ${i % 700}"`, meta(i))
      for (const transcoder of [count, bytes]) {
        expect(readRecord(transcoder, recordOf(transcoder, json))).toEqual(JSON.parse(json))
      }
    }
    expect(count.epoch.values.length).toBe(100)
    expect(bytes.epoch.values.join('').length).toBeLessThanOrEqual(2000)
  })

  it('stay right with ids of three bytes', () => {
    const transcoder = newTranscoder()
    let record: Buffer = Buffer.alloc(0)
    let json = ''
    for (let round = 0; round < 6; round++) {
      for (let i = 0; i < 300; i++) {
        const list = Array.from({ length: 40 }, (_, k) => `"${(i * 40 + k).toString(36)}"`)
        json = objectText(`"spec":[${list.join(',')}]`, meta(round * 1000 + i))
        record = recordOf(transcoder, json)
      }
    }
    expect(transcoder.epoch.values.length).toBeGreaterThan(8192)
    expect(readRecord(transcoder, record)).toEqual(JSON.parse(json))
  })
})

describe('epochs', () => {
  const bounds = { valueCountMax: 50, epochObjects: 20 }

  it('begin anew when the dictionary is full and finds little', () => {
    const transcoder = newTranscoder(bounds)
    const first = transcoder.epoch
    const epochs = new Set([first.number])
    for (let i = 0; i < 2000; i++) {
      // Every 400 objects another vocabulary: fifty strings, forty of them in every object.
      const era = Math.floor(i / 400)
      const list = Array.from({ length: 40 }, (_, k) => `"era ${era} word ${(k + i) % 50}"`)
      const json = objectText(`"spec":{"nodeName":"node-${i % 3}","list":[${list.join(',')}]}`, meta(i))
      const record = recordOf(transcoder, json)
      expect(readRecord(transcoder, record)).toEqual(JSON.parse(json))
      epochs.add(transcoder.epoch.number)
    }
    expect(epochs.size).toBeGreaterThan(2)
    expect([...epochs]).toEqual([...epochs].sort((a, b) => a - b))
    // What was handed out before belongs to its readers and does not change.
    expect(first.number).toBe(0)
    expect(first.values).toHaveLength(50)
  })

  it('do not end while the dictionary serves, full or not', () => {
    const transcoder = newTranscoder(bounds)
    for (let i = 0; i < 1000; i++) {
      recordOf(transcoder, objectText(`"spec":["same","words","in","all","objects","w${i % 60}"]`, meta(i)))
    }
    expect(transcoder.epoch.number).toBe(0)
  })

  it('start at the number asked for', () => {
    expect(new JsonTranscoder({ fields: {}, columns: [], firstEpoch: 7 }).epoch.number).toBe(7)
  })
})

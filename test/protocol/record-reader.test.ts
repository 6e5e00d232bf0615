import { deepStrictEqual } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { unpack } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import { makePod } from '../../bench/fixtures/pod.ts'
import { makeWideResource } from '../../bench/fixtures/wide-resource.ts'
import { expandRecord } from '../../src/protocol/record-expand.ts'
import { labelsOffset, tailOffset } from '../../src/protocol/record-header.ts'
import { recordHeaderBytes } from '../../src/protocol/record-layout.ts'
import { RecordReader } from '../../src/protocol/record-reader.ts'
import { JsonTranscoder } from '../../workers/transcode/json-transcoder.ts'
import { assertFrozen } from '../support/record-check.ts'
import { objectText, recordOf } from '../support/transcoding.ts'

const noDictionaries = { structures: [], values: [] }

interface Sample {
  readonly transcoder: JsonTranscoder
  readonly texts: string[]
  readonly records: Buffer[]
}

/** Records of objects that have everything: references of all kinds, shared values, escapes, raw JSON. */
function sample(): Sample {
  const deep = `"spec":${'[{"a":'.repeat(40)}{}${'}]'.repeat(40)}`
  const keys =
    '"spec":{"__proto__":{"a":1},"constructor":[],"":{"__proto__":2}},"data":{"__proto__":"x","k":"v"}'
  const texts = [objectText(deep), objectText(keys)]
  for (let i = 0; i < 40; i++)
    texts.push(JSON.stringify(makePod(i % 20)), JSON.stringify(makeWideResource(i)))
  const transcoder = new JsonTranscoder({ fields: {}, columns: ['spec.nodeName'] })
  for (const text of texts) recordOf(transcoder, text)
  return { transcoder, texts, records: texts.map((text) => recordOf(transcoder, text)) }
}

const { transcoder, texts, records } = sample()

describe('reading', () => {
  it.each([
    { freeze: true, codegen: true },
    { freeze: true, codegen: false },
    { freeze: false, codegen: true },
    { freeze: false, codegen: false },
  ])('gives what JSON.parse gives: %o', (options) => {
    const reader = new RecordReader(transcoder.epoch, options)
    for (let round = 0; round < 3; round++) {
      for (const [i, record] of records.entries()) {
        const object = reader.read(record, 0)
        deepStrictEqual(object, JSON.parse(texts[i] as string))
        if (options.freeze) assertFrozen(object)
      }
    }
  })

  it('shares nothing that can be changed', () => {
    const reader = new RecordReader(transcoder.epoch, { freeze: false })
    const record = records[4] as Buffer
    const mutable = reader.read(record, 0) as {
      spec: { containers: { resources: { limits: object } }[]; tolerations: object[] }
    }
    const wanted = structuredClone(mutable)
    mutable.spec.tolerations[0] = { changed: true }
    Object.assign(mutable.spec.containers[0]?.resources.limits as object, { changed: true })
    deepStrictEqual(reader.read(record, 0), wanted)
  })

  it('throws at every write to a frozen object, maps included', () => {
    const reader = new RecordReader(transcoder.epoch, { freeze: true })
    for (const record of records.slice(0, 4)) {
      const object = reader.read(record, 0) as { metadata: { labels?: Record<string, string>; name: string } }
      expect(() => {
        object.metadata.name = 'x'
      }).toThrow(TypeError)
      expect(() => Object.assign(object.metadata.labels ?? Object.freeze({}), { a: 'b' })).toThrow(TypeError)
    }
  })

  it('keeps nothing of the bytes: they may be written anew after a read', () => {
    const reader = new RecordReader(transcoder.epoch, { freeze: true })
    const slab = Buffer.alloc(Math.max(...records.map((record) => record.length)) + 100)
    // Twice, so that objects shared between records were learnt from bytes that are gone.
    for (let round = 0; round < 3; round++) {
      const objects = records.map((record, i) => {
        slab.fill(0xff)
        record.copy(slab, i)
        return reader.read(slab, i)
      })
      slab.fill(0x41)
      for (const [i, object] of objects.entries()) deepStrictEqual(object, JSON.parse(texts[i] as string))
    }
  })

  it('gives every object its own uid, also where the rest is shared', () => {
    const reader = new RecordReader(transcoder.epoch, { freeze: true })
    for (const record of records.slice(2, 30)) {
      const { metadata } = reader.read(record, 0) as { metadata: { uid: string } }
      expect(texts.some((text) => text.includes(metadata.uid))).toBe(true)
    }
    const uids = records.map(
      (record) => (reader.read(record, 0) as { metadata: { uid: string } }).metadata.uid,
    )
    expect(uids).toEqual(texts.map((text) => JSON.parse(text).metadata.uid))
  })

  it('follows a dictionary that grows', () => {
    const growing = new JsonTranscoder({ fields: {}, columns: [] })
    const reader = new RecordReader(noDictionaries, { freeze: true })
    for (const text of texts.slice(0, 40)) {
      const record = recordOf(growing, text)
      const { structures, values } = growing.epoch
      reader.extend(structures.slice(reader.structures.length), values.slice(reader.values.length))
      deepStrictEqual(reader.read(record, 0), JSON.parse(text))
    }
  })

  it('refuses records of another dictionary, and records cut short', () => {
    const wrong = expect.objectContaining({ code: 'ERR_RECORD_FORMAT' })
    const record = records[4] as Buffer
    expect(() => new RecordReader(noDictionaries, { freeze: true }).read(record, 0)).toThrow(wrong)
    const { structures, values } = transcoder.epoch
    const few = new RecordReader({ structures, values: values.slice(0, 3) }, { freeze: true })
    expect(() => few.read(record, 0)).toThrow(wrong)
    const reader = new RecordReader(transcoder.epoch, { freeze: true })
    for (let end = recordHeaderBytes; end < tailOffset(record, 0); end += 7) {
      expect(() => reader.read(record.subarray(0, end), 0)).toThrow()
    }
    deepStrictEqual(reader.read(record, 0), JSON.parse(texts[4] as string))
  })

  it('works where the process forbids generated code', () => {
    const module = new URL('../../src/protocol/record-reader.ts', import.meta.url).href
    const [text, record] = [texts[1] as string, records[1] as Buffer]
    const { structures, values } = transcoder.epoch
    const script = `
      import { RecordReader } from ${JSON.stringify(module)}
      import { deepStrictEqual } from 'node:assert'
      try { new Function('return 1')() ; process.exit(3) } catch {}
      const reader = new RecordReader(${JSON.stringify({ structures, values })}, { freeze: true })
      const object = reader.read(Buffer.from('${record.toString('base64')}', 'base64'), 0)
      deepStrictEqual(object, JSON.parse(${JSON.stringify(text)}))
      console.log('equal')`
    const args = ['--disallow-code-generation-from-strings', '--input-type=module', '-e', script]
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect(stdout.trim(), stderr).toBe('equal')
  })
})

describe('expanded records', () => {
  it('are plain MessagePack, and readable without dictionaries', () => {
    const reader = new RecordReader(noDictionaries, { freeze: false })
    for (const [i, record] of records.entries()) {
      const expanded = expandRecord(record, 0, transcoder.epoch)
      const wanted = JSON.parse(texts[i] as string)
      deepStrictEqual(reader.read(expanded, 0), wanted)
      // The first is raw JSON; msgpackr renames the key __proto__.
      if (i < 2) continue
      deepStrictEqual(unpack(expanded.subarray(recordHeaderBytes, tailOffset(expanded, 0))), wanted)
      const labels = labelsOffset(expanded, 0)
      const rest = expanded.subarray(labels, tailOffset(expanded, 0))
      deepStrictEqual(firstValue(rest), wanted.metadata.labels)
    }
  })

  it('expand again to themselves', () => {
    const once = expandRecord(records[4] as Buffer, 0, transcoder.epoch)
    expect(expandRecord(once, 0, noDictionaries)).toEqual(once)
  })
})

/** msgpackr refuses bytes behind a value, so they are made the rest of an array. */
function firstValue(bytes: Buffer): unknown {
  for (let end = 1; end <= bytes.length; end++) {
    try {
      return unpack(bytes.subarray(0, end))
    } catch {
      // Not the whole value yet.
    }
  }
  return undefined
}

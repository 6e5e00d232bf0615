import assert from 'node:assert/strict'
import { RecordReader } from '../../src/protocol/record-reader.ts'
import { JsonTranscoder, maxRecordBytes } from '../../workers/transcode/json-transcoder.ts'
import { jsonTexts, type Shape } from '../fixtures/shapes.ts'

/** Texts of one shape, and their records as a warm transcoder with the default fields writes them. */
export interface ShapeRecords {
  readonly texts: readonly Buffer[]
  readonly records: readonly Buffer[]
  /** JSON of the objects without managedFields. */
  readonly stripped: readonly Buffer[]
  readonly transcoder: JsonTranscoder
  readonly recordBytes: number
  readonly textBytes: number
  readonly strippedBytes: number
  reader(freeze: boolean): RecordReader
}

export function newTranscoder(): JsonTranscoder {
  return new JsonTranscoder({ fields: { drop: ['metadata.managedFields'] }, columns: ['spec.nodeName'] })
}

/** Every record is checked against JSON.parse before anyone times anything. */
export function makeRecords(shape: Shape, count: number): ShapeRecords {
  const texts = jsonTexts(shape, count)
  const transcoder = newTranscoder()
  const out = Buffer.allocUnsafeSlow(maxRecordBytes(Math.max(...texts.map((text) => text.length))))
  const pass = (): Buffer[] =>
    texts.map((text) => {
      transcoder.prepare()
      return Buffer.from(out.subarray(0, transcoder.transcode(text, 0, text.length, out, 0)))
    })
  pass()
  pass()
  const records = pass()
  const reader = (freeze: boolean): RecordReader => new RecordReader(transcoder.epoch, { freeze })
  const frozen = reader(true)
  const open = reader(false)
  const stripped = texts.map((text, i) => {
    const object = JSON.parse(text.toString())
    delete object.metadata.managedFields
    assert.deepStrictEqual(open.read(records[i] as Buffer, 0), object)
    assert.deepStrictEqual(frozen.read(records[i] as Buffer, 0), object)
    return Buffer.from(JSON.stringify(object))
  })
  return {
    texts,
    records,
    stripped,
    transcoder,
    recordBytes: averageBytes(records),
    textBytes: averageBytes(texts),
    strippedBytes: averageBytes(stripped),
    reader,
  }
}

function averageBytes(buffers: readonly Buffer[]): number {
  return buffers.reduce((sum, buffer) => sum + buffer.length, 0) / buffers.length
}

/**
 * What a transform costs the worker per object: JSON.parse, a function that leaves `status` out, JSON.stringify and the
 * transcoding of what is left, beside the transcoding of the same bytes with `dropFields` of the same. CPU time, the
 * best of several rounds.
 */
import assert from 'node:assert/strict'
import { JsonTranscoder } from '../workers/transcode/json-transcoder.ts'
import { Transform } from '../workers/transform.ts'
import { jsonTexts, shapes } from './fixtures/shapes.ts'

const count = 2_000
const rounds = 8
const out = Buffer.allocUnsafeSlow(1 << 20)

const transform = new Transform((object) => {
  delete object['status']
  return object
}, 1 << 20)

function transformed(bytes: Buffer): Buffer {
  const made = transform.apply(bytes, 0, bytes.length, undefined)
  if (made === undefined || 'error' in made) throw new Error('it was refused')
  return made.bytes
}

/** Bytes of all records of the last pass, and the CPU time of the best one per object. */
function measure(drop: readonly string[], texts: readonly Buffer[], prepare: (bytes: Buffer) => Buffer) {
  const transcoder = new JsonTranscoder({ fields: { drop }, columns: [] })
  let micros = Number.POSITIVE_INFINITY
  let recordBytes = 0
  for (let round = 0; round < rounds; round++) {
    recordBytes = 0
    const before = process.cpuUsage()
    for (const text of texts) {
      const bytes = prepare(text)
      transcoder.prepare()
      recordBytes += transcoder.transcode(bytes, 0, bytes.length, out, 0)
    }
    const { user, system } = process.cpuUsage(before)
    micros = Math.min(micros, (user + system) / texts.length)
  }
  return { micros, recordBytes }
}

for (const shape of shapes) {
  const texts = jsonTexts(shape, count)
  const dropped = measure(['metadata.managedFields', 'status'], texts, (bytes) => bytes)
  const made = measure(['metadata.managedFields'], texts, transformed)
  assert.equal(made.recordBytes, dropped.recordBytes)
  const [drop, both] = [dropped.micros, made.micros]
  console.log(
    `${shape.name}: dropFields ${drop.toFixed(1)} µs, transform ${both.toFixed(1)} µs, ${(both / drop).toFixed(1)} ×`,
  )
}

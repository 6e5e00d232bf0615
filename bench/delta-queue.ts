/**
 * The delta queue and the batch writer behind the transcoder: what they add to it per event, as a ratio to JSON.parse
 * of the same bytes. `distinct`: a list, nothing merges. `merging`: each key ten times before it is sent.
 */
import assert from 'node:assert/strict'
import { jsonTexts, shapes } from './fixtures/shapes.ts'
import { measureRatios } from './support/ratios.ts'
import { newTranscoder } from './support/records.ts'
import { Stages } from './support/stages.ts'

const count = 2000

for (const shape of shapes) {
  const texts = jsonTexts(shape, count)
  const stages = new Stages()
  stages.list(texts, 1_000_000)
  stages.apply(stages.batches())
  assert.equal(stages.indexer.size, count)
  assert.equal(stages.queue.store.liveBytes, 0)
  const alone = newTranscoder()
  const out = Buffer.allocUnsafeSlow(1 << 20)
  let version = 2_000_000
  const { baselineNs, byTask } = await measureRatios(
    () => {
      for (const text of texts) JSON.parse(text.toString('utf8'))
    },
    new Map([
      [
        'transcode alone',
        () => {
          for (const text of texts) {
            alone.prepare()
            alone.transcode(text, 0, text.length, out, 0)
          }
        },
      ],
      [
        'transcode, queue and write a list',
        () => {
          stages.list(texts, version++)
          stages.batches()
        },
      ],
    ]),
    { count },
  )
  console.log(`${shape.name}: JSON.parse ${(baselineNs / 1000).toFixed(2)} µs`)
  for (const [name, { ratio, ns }] of byTask) {
    console.log(`  ${name.padEnd(40)} ${ratio.toFixed(3)}  ${(ns / 1000).toFixed(2)} µs`)
  }
}

/**
 * Main's side of a batch, nobody listening: opening it, the rules, the hash of cells, the lists by namespace and an index by path; as a
 * ratio to JSON.parse of the same bytes. `first`: all keys new. `relist`: all unchanged. `rewrite`: all newer.
 */
import assert from 'node:assert/strict'
import { jsonTexts, shapes } from './fixtures/shapes.ts'
import { measureRatios } from './support/ratios.ts'
import { Stages } from './support/stages.ts'

const count = 4000

function copies(batches: readonly ArrayBuffer[]): ArrayBuffer[] {
  return batches.map((batch) => batch.slice(0))
}

function bumped(text: Buffer, version: number): Buffer {
  const changed = text.toString('utf8').replace(/"resourceVersion":"\d+"/, `"resourceVersion":"${version}"`)
  return Buffer.from(changed)
}

for (const shape of shapes) {
  const texts = jsonTexts(shape, count)
  const listed = new Stages()
  listed.list(texts, 1_000_000)
  const first = listed.batches()
  listed.apply(copies(first))
  assert.equal(listed.indexer.size, count)
  assert.deepEqual(listed.sink.counts, { added: count, updated: 0, deleted: 0, listed: 1 })
  listed.list(texts, 1_000_001)
  const relist = listed.batches()
  listed.apply(copies(relist))
  assert.deepEqual(listed.sink.counts, { added: count, updated: 0, deleted: 0, listed: 2 })

  const rewrites = 12
  const rewritten = Array.from({ length: rewrites }, (_, round) => {
    for (const [i, text] of texts.entries()) {
      const newer = bumped(text, 2_000_000 + round * count + i)
      listed.intake.object('upsert', newer, 0, newer.length)
    }
    return listed.batches()
  })
  const { baselineNs, byTask } = await measureRatios(
    () => {
      for (const text of texts) JSON.parse(text.toString('utf8'))
    },
    new Map([
      [
        'first list',
        () => {
          const fresh = new Stages()
          fresh.apply(copies(first))
        },
      ],
    ]),
    { count },
  )
  let round = 0
  const start = performance.now()
  for (const batches of rewritten) {
    listed.apply(batches)
    round++
  }
  const rewriteUs = ((performance.now() - start) * 1000) / (count * round)
  assert.equal(listed.sink.counts.updated, count * rewrites)
  console.log(`${shape.name}: JSON.parse ${(baselineNs / 1000).toFixed(2)} µs`)
  for (const [name, { ratio, ns }] of byTask) {
    console.log(`  ${name.padEnd(20)} ${ratio.toFixed(3)}  ${(ns / 1000).toFixed(2)} µs`)
  }
  console.log(
    `  ${'rewrite'.padEnd(20)} ${((rewriteUs * 1000) / baselineNs).toFixed(3)}  ${rewriteUs.toFixed(2)} µs`,
  )
}

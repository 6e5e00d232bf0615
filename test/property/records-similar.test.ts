import { describe, expect, it } from 'vitest'
import { makePod } from '../../bench/fixtures/pod.ts'
import { makeWideResource } from '../../bench/fixtures/wide-resource.ts'
import { JsonTexts, type Random, seededRandom } from '../support/json-texts.ts'
import { type CheckOptions, RecordCheck } from '../support/record-check.ts'

// Everything the transcoder predicts (keys, strings, whole values, dropped ones) is tempted by objects that are almost
// what came before, each damaged a little and often still valid.
const seeds = Number(process.env['RECORD_FUZZ_SEEDS'] ?? 50)
const start = Number(process.env['RECORD_FUZZ_START'] ?? 1)

const variants: readonly CheckOptions[] = [
  { drop: [['metadata', 'managedFields'], ['status']], columns: [['spec', 'nodeName']], freeze: true },
  { keep: [['spec'], ['metadata', 'annotations']], typeMeta: { apiVersion: 'v1', kind: 'Pod' } },
  { freeze: true, columns: [['spec', 'containers', null, 'image']] },
]
const insertions = [...'{}[]",:\\u0 \n0e-.tfn', '\u00e9', '\\u00e9', '\\"']

function variation(json: Buffer, random: Random): Buffer {
  let bytes = json
  // Half of the damage goes where values are dropped.
  const from = random() < 0.5 ? Math.max(0, bytes.indexOf('managedFields')) : 0
  for (let left = Math.floor(random() * 3); left > 0; left--) {
    const at = from + Math.floor(random() * (bytes.length - from))
    const kind = random()
    if (kind < 0.5) {
      bytes = Buffer.from(bytes)
      bytes[at] = random() < 0.7 ? 48 + Math.floor(random() * 10) : Math.floor(random() * 256)
    } else if (kind < 0.7) {
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)])
    } else if (kind < 0.98) {
      const text = insertions[Math.floor(random() * insertions.length)] as string
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(text), bytes.subarray(at)])
    } else {
      bytes = bytes.subarray(0, at)
    }
  }
  return bytes
}

describe('objects that resemble each other', () => {
  it(`are told apart byte by byte: ${seeds} seeds`, () => {
    const total = { accepted: 0, refused: 0 }
    for (let seed = start; seed < start + seeds; seed++) {
      const random = seededRandom(seed)
      const check = new RecordCheck(variants[seed % variants.length])
      const texts = new JsonTexts(random, { depthMax: 4, odd: seed % 5 === 0 })
      const bases = [makePod(seed), makePod(seed + 1), makePod(seed, 7), makeWideResource(seed)]
        .map((object) => Buffer.from(JSON.stringify(object)))
        .concat(Buffer.from(texts.kubernetesObject()))
      for (let i = 0; i < 50; i++) {
        const base = bases[Math.floor(random() * bases.length)] as Buffer
        try {
          check.check(variation(base, random))
        } catch (error) {
          throw new Error(`seed ${seed}, object ${i}`, { cause: error })
        }
      }
      total.accepted += check.counts.accepted
      total.refused += check.counts.refused
    }
    expect(total.accepted).toBeGreaterThan(seeds * 20)
    expect(total.refused).toBeGreaterThan(seeds * 10)
  }, 3_600_000)
})

import { describe, expect, it } from 'vitest'
import { JsonTexts, type Random, seededRandom } from '../support/json-texts.ts'
import { type CheckOptions, RecordCheck } from '../support/record-check.ts'

// A seed fails alone: RECORD_FUZZ_START=<seed> RECORD_FUZZ_SEEDS=1. Hours of it: RECORD_FUZZ_SEEDS=1000000.
const seeds = Number(process.env['RECORD_FUZZ_SEEDS'] ?? 200)
const start = Number(process.env['RECORD_FUZZ_START'] ?? 1)
const objectsPerSeed = 30

const typeMeta = { apiVersion: 'v1', kind: 'Pod' }
const variants: readonly CheckOptions[] = [
  {
    freeze: true,
    columns: [['metadata', 'name'], ['spec'], ['status', 'labels', 'app'], ['metadata', 'labels', 'a.b']],
    hashes: [['spec'], ['metadata', 'labels'], ['status', 'labels', 'app'], ['metadata', 'uid']],
  },
  {
    codegen: false,
    freeze: true,
    drop: [
      ['metadata', 'managedFields'],
      ['spec', 'name'],
      ['status', 'items', null, 'name'],
      ['metadata', 'annotations', 'a.b'],
    ],
    columns: [
      ['spec', 'app'],
      ['status', 'items', null],
    ],
  },
  { typeMeta, drop: [['metadata'], ['kind']], columns: [['metadata', 'labels', 'app']] },
  {
    typeMeta,
    keep: [
      ['spec', 'name'],
      ['spec', 'items', null, 'name'],
      ['status', 'labels'],
    ],
    columns: [['spec', 'name']],
    hashes: [['spec'], ['spec', 'name'], ['metadata']],
  },
  { typeMeta, keep: [['spec']], codegen: false },
]

const insertions = [...'{}[]",:\\u0 \n0e-.tfn/', '\u00e9', '\\ud800', '"":', ',,']

/** One to three small damages: most make the text invalid, some make another valid one. */
function damage(json: Buffer, random: Random): Buffer {
  let bytes = json
  for (let left = 1 + Math.floor(random() * 3); left > 0; left--) {
    const at = Math.floor(random() * bytes.length)
    const kind = random()
    if (kind < 0.35) {
      bytes = Buffer.from(bytes)
      bytes[at] = Math.floor(random() * 256)
    } else if (kind < 0.6) {
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)])
    } else if (kind < 0.9) {
      const text = insertions[Math.floor(random() * insertions.length)] as string
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(text), bytes.subarray(at)])
    } else {
      bytes = bytes.subarray(0, at)
    }
  }
  return bytes
}

describe('transcode, then read', () => {
  it(`equals JSON.parse less the dropped fields, or is refused with a code: ${seeds} seeds`, () => {
    const total = { accepted: 0, refused: 0, raw: 0 }
    for (let seed = start; seed < start + seeds; seed++) {
      const random = seededRandom(seed)
      const check = new RecordCheck(variants[seed % variants.length])
      const texts = new JsonTexts(random, { depthMax: seed % 50 === 0 ? 7 : 4, odd: seed % 3 === 0 })
      for (let i = 0; i < objectsPerSeed; i++) {
        const json = Buffer.from(texts.kubernetesObject())
        try {
          check.check(seed % 2 === 1 && i % 2 === 1 ? damage(json, random) : json)
        } catch (error) {
          throw new Error(`seed ${seed}, object ${i}`, { cause: error })
        }
      }
      total.accepted += check.counts.accepted
      total.refused += check.counts.refused
      total.raw += check.counts.raw
    }
    // The generator must reach every outcome, or the comparison above proves less than it says.
    expect(total.accepted).toBeGreaterThan(seeds * 10)
    if (seeds < 100) return
    expect(total.refused).toBeGreaterThan(seeds)
    expect(total.raw).toBeGreaterThan(seeds / 10)
  }, 3_600_000)
})

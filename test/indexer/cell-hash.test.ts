import { describe, expect, it } from 'vitest'
import { hashOf } from '../../src/indexer/cell-hash.ts'

const count = 40_000

/** Names as clusters have them, some told apart by a few characters only, at either end. */
const families: Readonly<Record<string, (i: number) => string>> = {
  pods: (i) => `team-${i % 50}/web-${(i * 7919).toString(36)}-${((i * 2654435761) >>> 0).toString(36)}`,
  nodes: (i) => `kube-node-lease/ip-10-0-${i >> 8}-${i & 255}.eu-central-1.compute.internal`,
  ordinals: (i) => `default/database-${i}`,
  'leading digits': (i) => `default/${i}-the-same-long-end-of-a-name-that-tells-nothing`,
  short: (i) => String(i),
  'two letters': (i) => `ns/${i.toString(2).padStart(16, '0').replaceAll('0', 'a').replaceAll('1', 'b')}`,
}
const seeds = [0, 1, -1, 0x40000001, 0x7fffffff, 123456789]

describe('hashOf', () => {
  for (const [name, keyOf] of Object.entries(families)) {
    it(`spreads ${name} over parts and slots whatever the seed: a bad one would make every search a walk`, () => {
      for (const seed of seeds) {
        const parts = new Array<number>(256).fill(0)
        const slots = new Set<number>()
        const all = new Set<number>()
        for (let i = 0; i < count; i++) {
          const hash = hashOf(keyOf(i), seed)
          parts[hash >>> 24] = (parts[hash >>> 24] as number) + 1
          slots.add((hash >>> 1) & 0xffff)
          all.add(hash)
        }
        expect(all.has(0)).toBe(false)
        // 40,000 balls in 65,536 boxes at random leave 54.3 % of the boxes empty.
        expect(slots.size / 65_536).toBeGreaterThan(0.44)
        expect(all.size).toBeGreaterThan(count - 5)
        expect(Math.max(...parts)).toBeLessThan((count / 256) * 1.5)
      }
    })
  }

  it('gives other hashes under another seed', () => {
    expect(hashOf('default/web-1', 1)).not.toBe(hashOf('default/web-1', 2))
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecordStore, type Slab, type VersionCell } from '../../src/protocol/record-store.ts'

type Cell = VersionCell<string>

/** Each record repeats its own id, so that bytes moved wrongly are seen. */
function write(store: RecordStore<string>, epoch: string, id: number, length: number): Cell {
  const slab = store.reserve(epoch, length)
  slab.bytes.fill(id & 255, slab.usedBytes, slab.usedBytes + length)
  return store.commit(slab, length, 0)
}

function holds(cell: Cell, id: number): boolean {
  const bytes = cell.slab.bytes.subarray(cell.offset, cell.offset + cell.length)
  return bytes.every((byte) => byte === (id & 255))
}

describe('RecordStore', () => {
  it('keeps every held record intact through any order of writes, releases and compaction', () => {
    const step = fc.oneof(
      fc.record({
        op: fc.constant('write' as const),
        length: fc.integer({ min: 1, max: 90 }),
        epoch: fc.nat(1),
      }),
      fc.record({
        op: fc.constant('adopt' as const),
        length: fc.integer({ min: 1, max: 40 }),
        count: fc.nat(5),
      }),
      fc.record({ op: fc.constantFrom('uncache', 'use', 'release', 'compact'), pick: fc.nat() }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const store = new RecordStore<string>({ slabBytes: 128 })
        const held: { cell: Cell; id: number }[] = []
        let nextId = 1
        for (const s of steps) {
          if (s.op === 'write') {
            const id = nextId++
            held.push({ cell: write(store, `epoch ${s.epoch}`, id, s.length), id })
          } else if (s.op === 'adopt') {
            const bytes = Buffer.alloc(s.length * s.count)
            const slab = store.addSlab(bytes, 'adopted')
            for (let i = 0; i < s.count; i++) {
              const id = nextId++
              bytes.fill(id & 255, i * s.length, (i + 1) * s.length)
              held.push({ cell: store.adopt(slab, i * s.length, s.length, 0), id })
            }
            store.sealSlab(slab)
          } else if (s.op === 'compact') {
            while (store.compact(64)) {}
          } else if (held.length > 0) {
            const at = s.pick % held.length
            const { cell } = held[at]!
            if (s.op === 'use') store.use(cell)
            else if (s.op === 'release' && cell.uses > 0) store.release(cell)
            else if (s.op === 'uncache' && cell.cached) store.uncache(cell)
            if (!cell.cached && cell.uses === 0) held.splice(at, 1)
          }
          for (const { cell, id } of held) expect(holds(cell, id)).toBe(true)
          const live = held.reduce((sum, { cell }) => sum + cell.length, 0)
          const pinned = held.reduce((sum, { cell }) => sum + (cell.cached ? 0 : cell.length), 0)
          expect(store.liveBytes).toBe(live)
          expect(store.pinnedBytes).toBe(pinned)
        }
      }),
      { numRuns: 400 },
    )
  })

  it('frees slabs: bytes held stay within twice the live bytes once compaction ran', () => {
    const store = new RecordStore<string>({ slabBytes: 4096 })
    const cells: Cell[] = []
    for (let i = 0; i < 4000; i++) cells.push(write(store, 'e', i, 100))
    for (const [i, cell] of cells.entries()) if (i % 10 !== 0) store.uncache(cell)
    while (store.compact(1000)) {}
    expect(store.liveBytes).toBe(40_000)
    expect(store.slabBytes).toBeLessThan(2 * 40_000 + 6 * 4096)
    for (const [i, cell] of cells.entries()) if (i % 10 === 0) expect(holds(cell, i)).toBe(true)
  })

  it('frees a slab whose last record dies while it waits for compaction', () => {
    const store = new RecordStore<string>({ slabBytes: 4096 })
    for (let round = 0; round < 100; round++) {
      const cells = Array.from({ length: 60 }, (_, i) => write(store, 'e', i, 100))
      for (const cell of cells) store.uncache(cell)
    }
    expect(store.liveBytes).toBe(0)
    expect(store.slabBytes).toBeLessThanOrEqual(6 * 4096)
  })

  it('drops the shared object with the last use, and forgets an epoch with its last slab', () => {
    const store = new RecordStore<string>({ slabBytes: 64 })
    const cell = write(store, 'old', 1, 60)
    store.use(cell)
    store.use(cell)
    cell.object = {}
    store.release(cell)
    expect(cell.object).toBeDefined()
    store.release(cell)
    expect(cell.object).toBeUndefined()
    write(store, 'new', 2, 60)
    expect([...store.slabsByEpoch.keys()]).toEqual(['old', 'new'])
    store.uncache(cell)
    expect([...store.slabsByEpoch.keys()]).toEqual(['new'])
  })

  it('lets a dead cell hold no slab: whoever stands still in an iteration holds the cell for long', () => {
    const store = new RecordStore<string>({ slabBytes: 4096 })
    const [cached, pinned] = [write(store, 'e', 1, 100), write(store, 'e', 2, 100)]
    store.use(pinned)
    store.uncache(pinned)
    expect(pinned.slab.bytes.length).toBe(4096)
    store.release(pinned)
    store.uncache(cached)
    expect([cached.slab.bytes.length, pinned.slab.bytes.length]).toEqual([0, 0])
  })

  it('does not free a slab while it is being filled, even when its first record dies at once', () => {
    const store = new RecordStore<string>({ slabBytes: 64 })
    const slab = store.addSlab(Buffer.alloc(20, 7), 'e')
    store.uncache(store.adopt(slab, 0, 10, 0))
    const second = store.adopt(slab, 10, 10, 0)
    store.sealSlab(slab)
    while (store.compact(100)) {}
    expect(holds(second, 7)).toBe(true)
    expect(store.liveBytes).toBe(10)
  })

  it('gives a buffer back only when nothing in it lives, and never keeps it as a spare slab', () => {
    const store = new RecordStore<string>({ slabBytes: 20 })
    const dead = store.addSlab(Buffer.alloc(20), 'e')
    store.uncache(store.adopt(dead, 0, 10, 0))
    const live = store.addSlab(Buffer.alloc(20), 'e')
    const cell = store.adopt(live, 0, 20, 0)
    expect([store.reclaim(dead), store.reclaim(live)]).toEqual([true, false])
    expect([store.slabBytes, store.slabsByEpoch.get('e')?.size]).toEqual([20, 1])
    expect(write(store, 'e', 1, 20).slab.bytes.buffer).not.toBe(dead.bytes.buffer)
    store.uncache(cell)
    expect(live.bytes.length).toBe(20)
  })

  it('writes into the buffer of an adopted slab once nothing in it lives, unless it is much smaller or larger', () => {
    const store = new RecordStore<string>({ slabBytes: 100 })
    const [small, fit, large] = [24, 40, 101].map((bytes) => store.addSlab(Buffer.alloc(bytes), 'e'))
    for (const slab of [small, fit, large] as Slab<string>[]) {
      const cell = store.adopt(slab, 0, 10, 0)
      store.sealSlab(slab)
      store.uncache(cell)
    }
    expect(store.slabBytes).toBe(40)
    // What does not fit gets a new one, and leaves it to the next.
    expect(write(store, 'e', 1, 50).slab.bytes.length).toBe(100)
    const cell = write(store, 'other', 2, 30)
    expect(cell.slab.bytes).toBe(fit?.bytes)
    expect([cell.offset, store.slabBytes]).toEqual([0, 140])
  })
})

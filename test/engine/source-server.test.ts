import {
  V1Lease,
  V1ListMeta,
  V1MicroTime,
  V1NetworkPolicy,
  V1NetworkPolicyList,
} from '@kubernetes/client-node'
import { describe, expect, it } from 'vitest'
import { Slicer } from '../../src/base/slicer.ts'
import { SourceServer } from '../../src/engine/source-server.ts'
import { wireJson } from '../../src/engine/wire-json.ts'
import type { ListerWatcher } from '../../src/index.ts'
import { MemoryBudget } from '../../src/protocol/memory-budget.ts'
import type { FromSource, ToSource } from '../../src/protocol/messages.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'

const KiB = 1024
/** What may be on its way, and the chunk that was begun when it was less. */
const inFlightBytesMax = 1024 * KiB + 64 * KiB + 8 * KiB

/** Main's side of one run, and what a worker would get of it. */
class Bed {
  readonly runtime: VirtualRuntime = new VirtualRuntime()
  readonly posts: FromSource[] = []
  readonly memory: MemoryBudget = new MemoryBudget()
  readonly server: SourceServer
  text = ''
  inFlightBytes = 0

  constructor(source: Partial<ListerWatcher>) {
    this.server = new SourceServer({
      source: {
        list: () => Promise.reject(new Error('not here')),
        watch: () => Promise.reject(new Error('not here')),
        ...source,
      },
      runtime: this.runtime,
      slicer: new Slicer(this.runtime, 5),
      frameBytesMax: 64 * KiB,
      memory: this.memory,
      post: (message) => {
        this.posts.push(message)
        if (message.type !== 'source-data') return
        this.text += Buffer.from(message.bytes).toString()
        this.inFlightBytes += message.bytes.byteLength
      },
    })
  }

  async open(request: 'list' | 'probe' | 'watch', query = ''): Promise<void> {
    this.server.receive({ type: 'source-open', id: 1, request, query } satisfies ToSource)
    await this.settle()
  }

  /** Until nothing more happens by itself. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      await new Promise((resolve) => setImmediate(resolve))
      if (this.runtime.turn() === 0) quiet++
    }
  }

  async credit(bytes: number): Promise<void> {
    this.inFlightBytes -= bytes
    this.server.receive({ type: 'source-credit', id: 1, bytes })
    await this.settle()
  }

  get types(): string[] {
    return this.posts.map(({ type }) => type)
  }
}

const thing = (n: number, more: object = {}) => ({
  metadata: { name: `m${n}`, uid: `u${n}`, resourceVersion: String(n) },
  ...more,
})

describe('a list of a user', () => {
  const items = Array.from({ length: 3_000 }, (_, n) => thing(n, { text: 'x'.repeat(KiB) }))

  it('is written as an API server writes it, never more at once than the worker takes', async () => {
    const bed = new Bed({
      list: async () => ({ apiVersion: 'v1', kind: 'ThingList', metadata: { resourceVersion: '7' }, items }),
    })
    await bed.open('list')
    let peak = 0
    while (!bed.types.includes('source-end')) {
      peak = Math.max(peak, bed.inFlightBytes)
      expect(bed.inFlightBytes).toBeGreaterThan(0)
      await bed.credit(Math.min(bed.inFlightBytes, 64 * KiB))
    }
    expect(peak).toBeGreaterThan(1000 * KiB)
    expect(peak).toBeLessThan(inFlightBytesMax)
    expect(JSON.parse(bed.text)).toEqual({
      apiVersion: 'v1',
      kind: 'ThingList',
      metadata: { resourceVersion: '7' },
      items,
    })
  })

  it('counts in the memory of its engine until the worker has read it, or no longer wants it', async () => {
    const bed = new Bed({ list: async () => ({ metadata: { resourceVersion: '7' }, items }) })
    const counted = (): boolean => bed.memory.bytes === Math.ceil(bed.inFlightBytes / KiB) * KiB
    await bed.open('list')
    expect([bed.memory.bytes > 1000 * KiB, counted()]).toEqual([true, true])
    while (!bed.types.includes('source-end')) {
      await bed.credit(100 * KiB)
      expect(counted()).toBe(true)
    }
    expect(bed.memory.bytes).toBeGreaterThan(0)
    await bed.credit(bed.inFlightBytes)
    expect(bed.memory.bytes).toBe(0)

    await bed.open('list')
    bed.server.receive({ type: 'source-abort', id: 1 })
    expect(bed.memory.bytes).toBe(0)
    // A worker that was not reading when the end came says nothing of what it had before.
    const small = new Bed({ list: async () => ({ metadata: { resourceVersion: '7' }, items: [thing(1)] }) })
    await small.open('list')
    expect(small.memory.bytes).toBe(KiB)
    small.server.receive({ type: 'source-open', id: 2, request: 'watch', query: '' })
    expect(small.memory.bytes).toBe(0)

    await bed.open('list')
    expect(bed.memory.bytes).toBeGreaterThan(1000 * KiB)
    bed.server.close()
    await bed.credit(KiB)
    expect([bed.memory.bytes, bed.memory.takeSlot()]).toEqual([0, 1])
  })

  it('gives way to other work of its thread', async () => {
    const bed = new Bed({
      list: async () => ({
        metadata: { resourceVersion: '7' },
        items: Array.from({ length: 20 }, (_, n) => ({
          toJSON: () => {
            bed.runtime.block(2)
            return thing(n)
          },
        })) as unknown as ReturnType<typeof thing>[],
      }),
    })
    bed.server.receive({ type: 'source-open', id: 1, request: 'list', query: '' })
    await new Promise((resolve) => setImmediate(resolve))
    let turns = 0
    for (; !bed.types.includes('source-end'); turns++) bed.runtime.turn()
    expect(turns).toBe(7)
  })

  it('is what it was when it was given, though the source goes on with its array', async () => {
    const array = items.slice(0, 2_000)
    const bed = new Bed({ list: async () => ({ metadata: { resourceVersion: '7' }, items: array }) })
    await bed.open('list')
    array.splice(0, 1_500)
    while (!bed.types.includes('source-end')) await bed.credit(bed.inFlightBytes)
    expect(JSON.parse(bed.text).items).toHaveLength(2_000)
  })

  it('is not written at all when only its version is asked for', async () => {
    const asked: unknown[] = []
    const bed = new Bed({
      list: async ({ limit, resourceVersion }) => {
        asked.push({ limit, resourceVersion })
        return { metadata: { resourceVersion: '7' }, items }
      },
    })
    await bed.open('probe', 'limit=1&resourceVersion=')
    expect(asked).toEqual([{ limit: 1, resourceVersion: '' }])
    expect(JSON.parse(bed.text)).toMatchObject({ metadata: { resourceVersion: '7' }, items: [] })
  })

  it('stops in the middle when it is aborted', async () => {
    const bed = new Bed({ list: async () => ({ metadata: { resourceVersion: '7' }, items }) })
    await bed.open('list')
    const posts = bed.posts.length
    bed.server.receive({ type: 'source-abort', id: 1 })
    await bed.credit(bed.inFlightBytes)
    bed.server.close()
    await bed.open('list')
    expect(bed.posts).toHaveLength(posts)
  })
})

describe('a watch of a user', () => {
  it('is taken from no faster than the worker reads, even if it always has an event at hand', async () => {
    let taken = 0
    const bed = new Bed({
      watch: async function* () {
        for (;;) yield { type: 'ADDED', object: thing(taken++, { text: 'x'.repeat(KiB) }) } as const
      },
    })
    await bed.open('watch')
    expect(bed.inFlightBytes).toBeLessThan(inFlightBytesMax)
    const first = taken
    expect(first).toBeLessThan(1_500)
    // Waking it without room takes nothing more.
    for (let i = 0; i < 5; i++) await bed.credit(0)
    expect(taken).toBe(first)
    await bed.credit(512 * KiB)
    expect(taken).toBeGreaterThan(first + 400)
    expect(bed.inFlightBytes).toBeLessThan(inFlightBytesMax)
    bed.server.close()
    await bed.settle()
    const last = taken
    await bed.settle()
    expect(taken).toBe(last)
    const events = bed.text.split('\n').slice(0, -1)
    expect(events.map((line) => Number(JSON.parse(line).object.metadata.resourceVersion))).toEqual(
      events.map((_line, n) => n),
    )
  })

  it('says that it is open at its promise, its first event, or after being quiet for a while', async () => {
    const quiet = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }
    const promised = new Bed({ watch: async () => quiet })
    await promised.open('watch')
    expect(promised.types).toEqual(['source-opened'])

    const plain = new Bed({ watch: () => quiet })
    await plain.open('watch')
    expect(plain.types).toEqual([])
    plain.runtime.advance(1_000)
    expect(plain.types).toEqual(['source-opened'])

    const broken = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('no')) }) }
    const failing = new Bed({ watch: () => broken })
    await failing.open('watch')
    expect(failing.types).toEqual(['source-error'])
  })

  it('tells what came before it broke', async () => {
    const bed = new Bed({
      watch: async function* () {
        yield { type: 'ADDED', object: thing(1) } as const
        yield { type: 'ERROR', object: { code: 410 } } as const
        throw new Error('broken')
      },
    })
    await bed.open('watch')
    expect(bed.types).toEqual(['source-opened', 'source-data', 'source-error'])
    expect(bed.text.split('\n').map((line) => (line === '' ? '' : JSON.parse(line)))).toEqual([
      { type: 'ADDED', object: thing(1) },
      { type: 'ERROR', object: { kind: 'Status', code: 410 } },
      '',
    ])
  })
})

describe("client-node's models", () => {
  it('are written with the names and times of the wire', () => {
    const policy = Object.assign(new V1NetworkPolicy(), {
      metadata: { name: 'p', creationTimestamp: new Date('2026-01-02T03:04:05Z'), labels: { at: 'x' } },
      spec: { podSelector: {}, ingress: [] },
    })
    const list = Object.assign(new V1NetworkPolicyList(), {
      metadata: Object.assign(new V1ListMeta(), { resourceVersion: '5', _continue: 'more' }),
      items: [policy],
    })
    expect(JSON.parse(wireJson(list))).toEqual({
      metadata: { resourceVersion: '5', continue: 'more' },
      items: [
        {
          metadata: { name: 'p', creationTimestamp: '2026-01-02T03:04:05Z', labels: { at: 'x' } },
          spec: { podSelector: {}, ingress: [] },
        },
      ],
    })
    const lease = Object.assign(new V1Lease(), {
      spec: { renewTime: new V1MicroTime('2026-01-02T03:04:05.678Z') },
    })
    expect(JSON.parse(wireJson(lease))).toEqual({ spec: { renewTime: '2026-01-02T03:04:05.678000Z' } })
  })

  it('may give pages: their token is not missed', async () => {
    const metadata = { resourceVersion: '7', _continue: 'more' } as { resourceVersion: string }
    const bed = new Bed({ list: async () => ({ metadata, items: [] }) })
    await bed.open('list')
    expect(JSON.parse(bed.text).metadata).toEqual({ resourceVersion: '7', continue: 'more' })
  })
})

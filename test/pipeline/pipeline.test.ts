import { describe, expect, it } from 'vitest'
import { BatchReader } from '../../src/engine/batch-reader.ts'
import { Indexer } from '../../src/indexer/indexer.ts'
import type { ChangeSink } from '../../src/notify/change-sink.ts'
import type { DictionaryEpoch } from '../../src/protocol/dictionary-epoch.ts'
import { BatchWriter } from '../../workers/batch-writer.ts'
import { DeltaQueue } from '../../workers/delta-queue.ts'
import { Intake, type RefusedObject } from '../../workers/intake.ts'
import { JsonTranscoder } from '../../workers/transcode/json-transcoder.ts'

interface Thing {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string }
  readonly spec?: { readonly nodeName?: string; readonly fill?: string }
}

/** Worker stages and main stages, joined by hand: nothing here needs a thread or a clock. */
function pipeline(options: { columns?: string[]; batchBytes?: number } = {}) {
  const columns = options.columns ?? []
  const log: string[] = []
  const refused: RefusedObject[] = []
  const credits: number[] = []
  const versions = (object: unknown): string => (object as Thing).metadata.resourceVersion
  const sink: ChangeSink<never> = {
    added: (key, cell, cause) => log.push(`add ${key}@${versions(indexer.read(cell))} ${cause}`),
    updated: (key, old, cell) =>
      log.push(`update ${key}@${versions(indexer.read(old))}>${versions(indexer.read(cell))}`),
    deleted: (key, _old, final, unknown) =>
      log.push(`delete ${key}@${versions(indexer.read(final))}${unknown ? ' unknown' : ''}`),
    listCompleted: () => log.push('listed'),
  }
  const indexer: Indexer = new Indexer({
    sink: sink as ChangeSink<unknown>,
    columns,
    onIndexError: (index, key, error) => log.push(`index ${index} ${key}: ${String(error)}`),
    slabBytes: 64 * 1024,
  })
  const reader = new BatchReader({
    indexer,
    nowMs: () => 0,
    onCredit: (bytes) => credits.push(bytes),
    onMismatch: (error) => log.push(`mismatch ${error.code}`),
    onApplied: () => {},
  })
  let incarnation = 0
  const start = (resumeVersion?: number) => {
    incarnation++
    const queue = new DeltaQueue<DictionaryEpoch>({
      firstGeneration: indexer.generationMax + 1,
      ...(resumeVersion !== undefined && { resumeVersion }),
    })
    const transcoder = new JsonTranscoder({ fields: {}, columns })
    const intake = new Intake({ transcoder, queue, nowMs: () => 0, onRefused: (one) => refused.push(one) })
    const writer = new BatchWriter(queue, {
      incarnation,
      ...(options.batchBytes && { batchBytes: options.batchBytes }),
    })
    reader.begin(incarnation)
    const event = (kind: 'upsert' | 'deleted', object: unknown) => {
      const bytes = Buffer.from(typeof object === 'string' ? object : JSON.stringify(object))
      intake.object(kind, bytes, 0, bytes.length)
    }
    const flush = () => {
      for (let batch = writer.write(); batch !== undefined; batch = writer.write()) {
        reader.push(incarnation, batch)
      }
      reader.pump(1)
    }
    return { queue, intake, event, flush, writer, incarnation }
  }
  return { indexer, reader, log, refused, credits, start }
}

function thing(
  name: string,
  version: number | string,
  extra: Partial<Thing> = {},
  uid = `uid-of-${name}`,
): Thing {
  return { metadata: { name, uid, resourceVersion: String(version) }, ...extra }
}

describe('from object bytes to the cache', () => {
  it('lists, follows, relists: silence for what is unchanged, delete for what vanished', () => {
    const { start, log, indexer } = pipeline()
    const w = start()
    w.intake.listStart(false)
    for (const name of ['a', 'b', 'c']) w.event('upsert', thing(name, 5))
    w.intake.listEnd(10)
    w.flush()
    expect(log).toEqual(['add a@5 list', 'add b@5 list', 'add c@5 list', 'listed'])
    expect(indexer.safeVersion).toBe('10')

    log.length = 0
    w.event('upsert', thing('a', 11))
    w.event('deleted', thing('b', 12))
    w.flush()
    expect(log).toEqual(['update a@5>11', 'delete b@12'])
    expect(indexer.safeVersion).toBe('12')

    log.length = 0
    w.intake.listStart(false)
    w.event('upsert', thing('a', 11))
    w.event('upsert', thing('d', 13))
    w.intake.listEnd(20)
    w.flush()
    expect(log).toEqual(['add d@13 list', 'delete c@5 unknown', 'listed'])
    expect([...indexer.cells()].map(({ key }) => key).sort()).toEqual(['a', 'd'])
  })

  it('knows the newest page of a list of several versions before it deletes what was not in it', () => {
    const { start, log, indexer } = pipeline()
    const w = start()
    w.intake.listStart(false)
    w.event('upsert', thing('a', 5))
    w.intake.listEnd(10)
    w.intake.listStart(false)
    w.intake.listEnd(20, '20', 9_007_199_254_740_993n)
    w.flush()
    expect(log).toEqual(['add a@5 list', 'listed', 'delete a@5 unknown', 'listed'])
    expect(indexer.safeVersion).toBe('20')
    expect(indexer.knownVersion).toBe('9007199254740993')
  })

  it('gives what JSON.parse gives, through batches that are copied and batches that become slabs', () => {
    for (const batchBytes of [1_000, 400_000]) {
      const { start, indexer } = pipeline({ batchBytes })
      const w = start()
      w.intake.listStart(false)
      const things = Array.from({ length: 600 }, (_, i) =>
        thing(`t${i}`, i + 1, { spec: { nodeName: `n${i % 7}`, fill: `${i} `.repeat(300) } }),
      )
      for (const one of things) w.event('upsert', one)
      w.intake.listEnd(1000)
      w.flush()
      expect(indexer.size).toBe(600)
      for (const one of things) expect(indexer.get(one.metadata.name)).toEqual(one)
      const first = indexer.get('t0') as Thing
      expect(Object.isFrozen(first) && Object.isFrozen(first.metadata)).toBe(true)
    }
  })

  it('resumes with a new transcoder: old records stay readable, replays are dropped', () => {
    const { start, log, indexer } = pipeline()
    const first = start()
    first.intake.listStart(false)
    first.event('upsert', thing('a', 5))
    first.intake.listEnd(10)
    first.flush()
    const second = start(Number(indexer.safeVersion))
    log.length = 0
    second.event('upsert', thing('a', 5))
    second.event('upsert', thing('b', 11))
    second.flush()
    expect(log).toEqual(['add b@11 watch'])
    expect(indexer.get('a')).toEqual(thing('a', 5))
    expect(indexer.store.slabsByEpoch.size).toBe(2)
  })

  it('tells no earlier end of an object that is cached in a later state', () => {
    const { start, log } = pipeline()
    const first = start()
    first.intake.listStart(false)
    first.intake.listEnd(10)
    first.event('upsert', thing('a', 11))
    first.flush()
    // It left the selector at 12 and came back at 13.
    first.event('deleted', thing('a', 12))
    first.event('upsert', thing('a', 13))
    first.flush()
    log.length = 0
    // The watch dies and repeats from 11, but its server lost both the return and the end of that object.
    const second = start(11)
    second.event('deleted', thing('a', 12))
    second.event('upsert', thing('a', 15, {}, 'another'))
    second.event('deleted', thing('a', 16, {}, 'another'))
    second.flush()
    expect(log).toEqual(['delete a@13 unknown'])
  })

  it('keeps at most five dictionary epochs alive, and every object readable', () => {
    const { start, indexer } = pipeline({ columns: ['spec.nodeName'] })
    indexer.indices.define({ byNode: 'spec.nodeName' })
    const things: Thing[] = []
    for (let life = 0; life < 12; life++) {
      const w = start(life === 0 ? undefined : Number(indexer.safeVersion))
      if (life === 0) w.intake.listStart(false)
      for (let i = 0; i < 300; i++) {
        const one = thing(`t${life}-${i}`, life * 1000 + i + 1, {
          spec: { nodeName: `n${i % 3}`, fill: 'x'.repeat(400) },
        })
        things.push(one)
        w.event('upsert', one)
      }
      if (life === 0) w.intake.listEnd(900)
      w.flush()
      expect(indexer.store.slabsByEpoch.size).toBeLessThanOrEqual(5)
    }
    for (const one of things) expect(indexer.get(one.metadata.name)).toEqual(one)
    expect(indexer.indices.index('byNode').keysOf('n1')?.size).toBe(1200)
    // Equality of columns across the rewrite: an update moves an expanded record's key from index to index.
    const w = start(Number(indexer.safeVersion))
    w.event('upsert', thing('t0-1', 90_000, { spec: { nodeName: 'n9' } }))
    w.flush()
    expect(indexer.indices.index('byNode').keysOf('n1')?.size).toBe(1199)
    expect([...(indexer.indices.index('byNode').keysOf('n9') ?? [])]).toEqual(['t0-1'])
  })

  it('keeps path and function indices in step', () => {
    const { start, indexer, log } = pipeline({ columns: ['spec.nodeName'] })
    indexer.indices.define({
      byNode: 'spec.nodeName',
      byInitial: (object) => {
        const { name } = (object as Thing).metadata
        if (name === 'bad') throw new Error('no')
        return [name[0] as string, 'all']
      },
    })
    const w = start()
    w.intake.listStart(false)
    w.event('upsert', thing('a1', 1, { spec: { nodeName: 'n1' } }))
    w.event('upsert', thing('a2', 2, { spec: { nodeName: 'n1' } }))
    w.event('upsert', thing('bad', 3))
    w.intake.listEnd(3)
    w.flush()
    const under = (name: string, value: string) =>
      [...(indexer.indices.index(name).keysOf(value) ?? [])].sort()
    expect(under('byNode', 'n1')).toEqual(['a1', 'a2'])
    expect(under('byInitial', 'all')).toEqual(['a1', 'a2'])
    expect(log).toContain('index byInitial bad: Error: no')
    w.event('upsert', thing('a1', 4, { spec: { nodeName: 'n2' } }))
    w.event('deleted', thing('a2', 5, { spec: { nodeName: 'n1' } }))
    w.flush()
    expect(under('byNode', 'n1')).toEqual([])
    expect(under('byNode', 'n2')).toEqual(['a1'])
    expect(under('byInitial', 'a')).toEqual(['a1'])
    expect([...indexer.indices.index('byNode').values()]).toEqual(['n2'])
  })

  it('refuses what it cannot read, names it, keeps its last good state through a relist', () => {
    const { start, refused, indexer, log } = pipeline()
    const w = start()
    w.intake.listStart(false)
    w.event('upsert', thing('a', 5))
    w.intake.listEnd(10)
    w.flush()
    w.intake.listStart(false)
    w.event('upsert', '{"metadata":{"name":"a","uid":"uid-of-a","resourceVersion":"12"},"spec":nonsense}')
    w.intake.listEnd(20)
    w.flush()
    expect(refused).toHaveLength(1)
    expect(refused[0]).toMatchObject({ key: 'a', resourceVersion: '12', error: { code: 'ERR_INVALID_JSON' } })
    expect(indexer.get('a')).toEqual(thing('a', 5))
    expect(log).not.toContain('delete a@5 unknown')
  })

  it('an end that cannot be read gives way to what comes after it of the same name', () => {
    const { start, log } = pipeline()
    const w = start()
    w.intake.listStart(false)
    w.event('upsert', thing('a', 5))
    w.event('upsert', thing('b', 5))
    w.intake.listEnd(10)
    w.flush()
    log.length = 0
    const broken = (name: string, version: number) =>
      `{"metadata":{"name":"${name}","uid":"uid-of-${name}","resourceVersion":"${version}"},"spec":nonsense}`
    // Left the selector and came back: an update. Ended again, readably: that end.
    w.event('deleted', broken('a', 11))
    w.event('upsert', thing('a', 12))
    w.event('deleted', broken('b', 13))
    w.event('upsert', thing('b', 14))
    w.event('deleted', thing('b', 15))
    w.flush()
    expect(log).toEqual(['update a@5>12', 'delete b@15'])
  })

  it('tells the end of an object though it cannot be read, and names no repeat of what it refused', () => {
    const { start, refused, indexer, log } = pipeline()
    const w = start()
    w.intake.listStart(false)
    w.event('upsert', thing('a', 5))
    w.intake.listEnd(10)
    w.flush()
    const broken = (version: number) =>
      `{"metadata":{"name":"a","uid":"uid-of-a","resourceVersion":"${version}"},"spec":nonsense}`
    w.event('upsert', broken(12))
    w.event('deleted', broken(13))
    w.event('upsert', broken(12))
    w.event('deleted', broken(13))
    w.flush()
    expect(log.slice(2)).toEqual(['delete a@5 unknown'])
    expect(refused.map(({ resourceVersion, generation }) => [resourceVersion, generation])).toEqual([
      ['12', 1],
    ])
    expect(indexer.size).toBe(0)
    // Back at once under the same name: queued behind its end, another object.
    w.event('upsert', thing('a', 14, {}, 'other-uid'))
    w.event('deleted', broken(15))
    w.event('upsert', thing('a', 16, {}, 'third-uid'))
    w.flush()
    expect(log.slice(3)).toEqual(['add a@16 watch'])
  })

  it('refuses a batch that continues other dictionaries than it has', () => {
    const { start, log, reader } = pipeline()
    const w = start()
    w.intake.listStart(false)
    w.event('upsert', thing('a', 5))
    const lost = w.writer.write()
    expect(lost).toBeDefined()
    w.event('upsert', thing('b', 6, { spec: { nodeName: 'x' } }))
    w.flush()
    expect(log).toEqual(['mismatch ERR_RECORD_FORMAT'])
    expect(reader.pendingBytes).toBe(0)
  })

  it('orders versions beyond 2^53, and takes versions without order as they come', () => {
    const { start, log } = pipeline()
    const w = start()
    w.intake.listStart(false)
    w.event('upsert', thing('a', '9007199254740992'))
    w.event('upsert', thing('b', 'x1'))
    w.intake.listEnd(9007199254740992n)
    w.flush()
    w.event('upsert', thing('a', '9007199254740993'))
    w.event('deleted', thing('a', '9007199254740995'))
    w.flush()
    w.event('upsert', thing('b', 'x0'))
    w.flush()
    expect(log.slice(3)).toEqual(['delete a@9007199254740995', 'update b@x1>x0'])
  })
})

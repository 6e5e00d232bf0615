import { describe, expect, it } from 'vitest'
import { DeltaQueue, QueueEntry, QueueMarker, type QueueRule } from '../../workers/delta-queue.ts'

type Epoch = string

/** A queue fed with records of two bytes: uid, and a mark that tells which event a record came from. */
function queueOf(options: { resumeVersion?: number } = {}) {
  const rules: QueueRule[] = []
  const queue = new DeltaQueue<Epoch>({ firstGeneration: 1, ...options, onRule: (rule) => rules.push(rule) })
  let mark = 0
  const offer = (kind: 'up' | 'del', key: string, uid: number, version: number | bigint): boolean => {
    const slab = queue.store.reserve('e', 2)
    slab.bytes[slab.usedBytes] = uid
    slab.bytes[slab.usedBytes + 1] = ++mark
    return queue.offer(
      kind === 'del',
      key,
      version,
      slab,
      2,
      (cell, tail, at) => cell.slab.bytes[cell.offset] === tail.bytes[at],
      mark,
    )
  }
  const take = () => {
    const item = queue.shift()
    if (item === undefined || item instanceof QueueMarker) {
      return item && `${item.marker} g${item.generation} v${item.version}${item.reset ? ' reset' : ''}`
    }
    const part = (cell: QueueEntry<Epoch>['here']) =>
      cell === undefined ? '-' : `u${cell.slab.bytes[cell.offset]}`
    return `${item.key} gone ${part(item.gone)} here ${part(item.here)} at ${item.gone === undefined ? item.version : item.goneCountsAt}`
  }
  return { queue, offer, take, rules }
}

describe('DeltaQueue, outside a list', () => {
  it('keeps the place of the first event and the newest state', () => {
    const { queue, offer, take } = queueOf({ resumeVersion: 10 })
    offer('up', 'a', 1, 11)
    offer('up', 'b', 2, 12)
    offer('up', 'a', 1, 13)
    expect(queue.count).toBe(2)
    expect(queue.counters.merged).toBe(1)
    expect(take()).toBe('a gone - here u1 at 13')
    expect(take()).toBe('b gone - here u2 at 12')
    expect(queue.isEmpty).toBe(true)
  })

  it('0: drops what is not above the newest version seen, repeats of a resumed watch too', () => {
    const { offer, rules, queue } = queueOf({ resumeVersion: 10 })
    expect(offer('up', 'a', 1, 12)).toBe(true)
    expect(offer('up', 'a', 1, 12)).toBe(false)
    expect(offer('up', 'b', 1, 9)).toBe(false)
    expect(rules).toEqual(['queue: repeat dropped', 'queue: repeat dropped'])
    expect(queue.counters.droppedStale).toBe(2)
  })

  it('1: an upsert replaces an upsert, whatever its uid', () => {
    const { offer, take } = queueOf({ resumeVersion: 10 })
    offer('up', 'a', 1, 11)
    offer('up', 'a', 2, 12)
    expect(take()).toBe('a gone - here u2 at 12')
  })

  it('2: the same uid returning takes its Deleted back; another one follows it', () => {
    const same = queueOf({ resumeVersion: 10 })
    same.offer('del', 'a', 1, 11)
    same.offer('up', 'a', 1, 12)
    expect(same.take()).toBe('a gone - here u1 at 12')
    const other = queueOf({ resumeVersion: 10 })
    other.offer('del', 'a', 1, 11)
    other.offer('up', 'a', 2, 12)
    // Judged by its own version, since something follows it.
    expect(other.take()).toBe('a gone u1 here u2 at 11')
  })

  it('3: a Deleted drops what was not sent, and is told itself', () => {
    const { offer, take } = queueOf({ resumeVersion: 10 })
    offer('up', 'a', 1, 11)
    offer('del', 'a', 1, 12)
    expect(take()).toBe('a gone u1 here - at 12')
  })

  it('4: the first Deleted is kept, and counts at the newest version', () => {
    const { offer, take } = queueOf({ resumeVersion: 10 })
    offer('del', 'a', 1, 11)
    offer('up', 'a', 2, 12)
    offer('del', 'a', 2, 13)
    expect(take()).toBe('a gone u1 here - at 13')
  })

  it('4: of two ends of one object the later is kept: it was back in an event that never came', () => {
    const { offer, queue, rules } = queueOf({ resumeVersion: 10 })
    offer('del', 'a', 1, 11)
    offer('del', 'a', 1, 13)
    const { gone, goneCountsAt } = queue.shift() as QueueEntry<Epoch>
    // The second byte is the event's mark.
    expect([gone?.slab.bytes[(gone?.offset ?? 0) + 1], goneCountsAt]).toEqual([2, 13])
    expect(rules).toEqual(['4: later end of the same object'])
    expect(queue.store.liveBytes).toBe(2)
  })

  it('compares versions beyond 2^53', () => {
    const { offer, queue } = queueOf({ resumeVersion: 10 })
    expect(offer('up', 'a', 1, 9007199254740993n)).toBe(true)
    expect(offer('up', 'a', 1, 9007199254740992n)).toBe(false)
    queue.shift()
    expect(queue.safeVersion).toBe(9007199254740993n)
  })

  it('never drops by a version that has no order', () => {
    const { offer, queue } = queueOf()
    for (let i = 0; i < 3; i++) expect(offer('up', 'a', 1, Number.NaN)).toBe(true)
    expect(queue.counters.merged).toBe(2)
  })
})

describe('DeltaQueue, the safe version', () => {
  it('is the one before the first event of the head, whatever merged into it since', () => {
    const { queue, offer } = queueOf({ resumeVersion: 10 })
    expect(queue.safeVersion).toBe(10)
    offer('up', 'a', 1, 11)
    offer('up', 'b', 2, 12)
    offer('up', 'a', 1, 13)
    expect(queue.safeVersion).toBe(10)
    queue.shift()
    expect(queue.safeVersion).toBe(11)
    queue.shift()
    expect(queue.safeVersion).toBe(13)
    queue.bookmark(20)
    expect(queue.safeVersion).toBe(20)
    queue.bookmark(15)
    expect(queue.safeVersion).toBe(20)
  })

  it('does not exist inside a bracket, nor while its end waits', () => {
    const { queue, offer } = queueOf()
    expect(queue.safeVersion).toBeUndefined()
    queue.listStart(false)
    offer('up', 'a', 1, 5)
    queue.listEnd(7)
    for (let i = 0; i < 2; i++) {
      expect(queue.safeVersion).toBeUndefined()
      queue.shift()
    }
    expect(queue.safeVersion).toBeUndefined()
    queue.shift()
    expect(queue.safeVersion).toBe(7)
  })
})

describe('DeltaQueue, lists', () => {
  it('stamps what it holds with the generation of the list that repeats it', () => {
    const { queue, offer } = queueOf({ resumeVersion: 10 })
    offer('up', 'a', 1, 11)
    queue.listStart(false)
    expect(offer('up', 'a', 1, 11)).toBe(false)
    const head = queue.head
    expect(head instanceof QueueEntry && head.generation).toBe(1)
  })

  it('tells brackets in their place, and an aborted one as aborted', () => {
    const { queue, offer, take } = queueOf()
    queue.listStart(false)
    offer('up', 'a', 1, 5)
    queue.listAbort()
    queue.listStart(false)
    offer('up', 'b', 1, 6)
    queue.listEnd(6)
    expect([take(), take(), take(), take(), take(), take()]).toEqual([
      'start g1 v0',
      'a gone - here u1 at 5',
      'abort g1 v0',
      'start g2 v0',
      'b gone - here u1 at 6',
      'end g2 v6',
    ])
  })

  it('forgets everything at a reset, and goes out first', () => {
    const { queue, offer, take } = queueOf({ resumeVersion: 10 })
    offer('up', 'a', 1, 11)
    offer('del', 'b', 1, 12)
    queue.listStart(true)
    expect(queue.store.liveBytes).toBe(0)
    expect(take()).toBe('start g1 v0 reset')
    expect(offer('up', 'a', 1, 3)).toBe(true)
  })

  it('tells the key of a refused object in its place, queued or not', () => {
    const { queue, offer } = queueOf({ resumeVersion: 10 })
    offer('up', 'a', 1, 11)
    queue.listStart(false)
    queue.stampRefused('a')
    queue.stampRefused('z')
    const head = queue.shift()
    expect(head instanceof QueueEntry && head.generation).toBe(0)
    queue.shift()
    const stamps = [queue.shift(), queue.shift()].map(
      (item) => item instanceof QueueMarker && [item.marker, item.key, item.generation],
    )
    expect(stamps).toEqual([
      ['stamp', 'a', 1],
      ['stamp', 'z', 1],
    ])
  })
})

import { describe, expect, test } from 'vitest'
import { KubeInformerError } from '../../src/errors.ts'
import { type Gate, gate, NotifyBed, recorder } from './notify-bed.ts'

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    return error instanceof KubeInformerError ? error.code : String(error)
  }
  return 'resolved'
}

describe('a registration has synced', () => {
  test('not before the list is complete, however idle it is', async () => {
    const bed = new NotifyBed()
    const registration = bed.listen({ onAdd() {} })
    bed.put('a', 'list')
    await bed.settle()
    expect(registration.hasSynced()).toBe(false)
    bed.listCompleted()
    await bed.settle()
    expect(registration.hasSynced()).toBe(true)
  })

  test('when the list was empty', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    const registration = bed.listen({ onSynced: () => void log.push('synced') })
    bed.listCompleted()
    bed.listCompleted()
    await bed.settle()
    expect(registration.hasSynced()).toBe(true)
    expect(log).toEqual(['synced'])
  })

  test('not before every object of the list is finished: returned, thrown, resolved, rejected', async () => {
    const bed = new NotifyBed()
    const gates = new Map<string, Gate>()
    const log: string[] = []
    const registration = bed.listen(
      {
        onAdd(event) {
          log.push(event.key)
          if (event.key === 'throws') throw new Error('no')
          if (event.key === 'returns') return undefined
          const end = gate()
          gates.set(event.key, end)
          return end.promise
        },
        onSynced: () => void log.push('synced'),
      },
      { concurrency: 2 },
    )
    const waited = registration.waitForSync()
    for (const key of ['throws', 'returns', 'resolves', 'rejects']) bed.put(key, 'list')
    bed.listCompleted()
    await bed.settle()
    expect(registration.stats().initialPending).toBe(2)
    gates.get('resolves')?.open()
    await bed.settle()
    expect(registration.hasSynced()).toBe(false)
    gates.get('rejects')?.fail(new Error('no'))
    await bed.settle()
    expect(registration.hasSynced()).toBe(true)
    expect(await codeOf(waited)).toBe('resolved')
    expect(log).toEqual(['throws', 'returns', 'resolves', 'rejects', 'synced'])
  })

  test('also when an object of the list vanished before it was delivered', async () => {
    const bed = new NotifyBed()
    const hold = gate()
    const log: string[] = []
    const registration = bed.listen(
      {
        onAdd(event) {
          log.push(event.key)
          return event.key === 'a' ? hold.promise : undefined
        },
      },
      { buffer: { countMax: 1 } },
    )
    bed.put('a', 'list')
    await bed.settle()
    for (const key of ['b', 'c', 'd']) bed.put(key, 'list')
    bed.listCompleted()
    bed.delete('c')
    bed.recreate('d')
    expect(registration.stats().initialPending).toBe(2)
    hold.open()
    await bed.settle()
    expect(log).toEqual(['a', 'b', 'd'])
    expect(registration.hasSynced()).toBe(true)
    expect(registration.stats().initialPending).toBe(0)
  })

  test('without waiting for what came after the list', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    const hold = gate()
    const registration = bed.listen({
      onAdd: (event) => (event.isInInitialList ? undefined : hold.promise),
      onSynced: () => void log.push('synced'),
    })
    bed.put('a', 'list')
    bed.listCompleted()
    bed.put('b')
    bed.put('c')
    await bed.settle()
    expect(registration.hasSynced()).toBe(true)
    expect(log).toEqual(['synced'])
  })

  test('before its later changes are handed over', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    bed.listen({ ...recorder(log), onSynced: () => void log.push('synced') })
    bed.put('a', 'list')
    bed.listCompleted()
    bed.put('a')
    await bed.settle()
    expect(log).toEqual(['add a 1', 'synced', 'update a 1>2'])
  })

  test('once and for all: a later list changes nothing', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    const registration = bed.listen({
      onAdd: (event) => void log.push(`${event.key} ${event.isInInitialList}`),
      onSynced: () => void log.push('synced'),
    })
    bed.listCompleted()
    await bed.settle()
    bed.put('a', 'list')
    bed.listCompleted()
    await bed.settle()
    expect(log).toEqual(['synced', 'a false'])
    expect(registration.hasSynced()).toBe(true)
  })

  test('though its onSynced fails, which is reported', async () => {
    const bed = new NotifyBed()
    const thrown = bed.listen({
      onSynced() {
        throw new Error('one')
      },
    })
    const rejected = bed.listen({ onSynced: () => Promise.reject(new Error('two')) })
    bed.listCompleted()
    await bed.settle()
    expect([thrown.hasSynced(), rejected.hasSynced()]).toEqual([true, true])
    expect(bed.errors.map(({ error, key }) => `${key}${String(error)}`).sort()).toEqual([
      'Error: one',
      'Error: two',
    ])
  })
})

describe('waiting for it', () => {
  test('ends with an error when the signal aborts, and leaves nothing behind', async () => {
    const bed = new NotifyBed()
    const registration = bed.listen({ onAdd() {} })
    const abort = new AbortController()
    const waited = registration.waitForSync({ signal: abort.signal })
    abort.abort(new Error('late'))
    expect(await codeOf(waited)).toBe('ERR_CACHE_SYNC')
    expect(await codeOf(registration.waitForSync({ signal: abort.signal }))).toBe('ERR_CACHE_SYNC')
    bed.listCompleted()
    await bed.settle()
    expect(await codeOf(registration.waitForSync({ signal: abort.signal }))).toBe('resolved')
  })

  test('ends with an error when the registration is removed', async () => {
    const bed = new NotifyBed()
    const registration = bed.listen({ onAdd() {} })
    const waited = registration.waitForSync()
    await registration.remove()
    expect(await codeOf(waited)).toBe('ERR_CLOSED')
  })
})

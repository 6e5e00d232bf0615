import { describe, expect, test } from 'vitest'
import { lackingHashes } from '../../src/notify/change-filter.ts'
import { gate, NotifyBed, recorder } from './notify-bed.ts'

/** These records have no hash columns: both states are read. `uid` never changes, `version` always does. */
describe('the change filter', () => {
  test('keeps updates back in which nothing it names changed, and counts them', async () => {
    const bed = new NotifyBed()
    const logs: [string[], string[]] = [[], []]
    const filtered = bed.listen(recorder(logs[0]), { when: ['uid'] })
    const all = bed.listen(recorder(logs[1]), { when: ['uid', 'version'] })
    bed.put('a')
    await bed.settle()
    for (let i = 0; i < 3; i++) bed.put('a')
    bed.delete('a')
    bed.put('a')
    await bed.settle()
    expect(logs[0]).toEqual(['add a 1', 'delete a 5', 'add a 6'])
    expect(logs[1]).toHaveLength(6)
    expect(filtered.stats()).toMatchObject({ unchanged: 3, merged: 0, delivered: 3, depth: 0 })
    expect(all.stats()).toMatchObject({ unchanged: 0, delivered: 6 })
    expect([...bed.cache.current.values()].every((cell) => cell.uses === 0)).toBe(true)
  })

  test('never lets one into the buffer, nor holds an old state for it', async () => {
    const bed = new NotifyBed()
    const never = gate()
    const stuck = bed.listen({ onAdd: () => never.promise }, { when: ['uid'] })
    bed.put('a')
    await bed.settle()
    for (let i = 0; i < 50; i++) bed.put('a')
    expect(stuck.stats()).toMatchObject({ depth: 0, bytes: 0, pinnedBytes: 0, unchanged: 50 })
    never.open()
    await bed.settle()
  })

  test('an add that waits keeps its state, a path that leads nowhere changes nothing', async () => {
    const bed = new NotifyBed()
    const log: string[] = []
    bed.listen(recorder(log), { when: ['spec.none', 'uid.length'] })
    bed.put('a')
    bed.put('a')
    await bed.settle()
    expect(log).toEqual(['add a 1'])
  })

  test('resyncs come all the same, and late adds', async () => {
    const bed = new NotifyBed()
    bed.put('a')
    bed.put('b')
    const log: string[] = []
    bed.listen(recorder(log), { when: ['uid'], resyncPeriodMs: 1_000, buffer: { countMax: 1 } })
    // Of b it has not heard yet: the change is its add.
    bed.put('b')
    bed.put('a')
    bed.listCompleted()
    await bed.settle()
    expect(log.map((line) => line.split(' ').slice(0, 2).join(' ')).sort()).toEqual(['add a', 'add b'])
    log.length = 0
    await bed.runtime.advance(1_000)
    expect(log).toEqual(['update a 4>4', 'update b 3>3'])
  })

  test('takes two spellings of a path for one', () => {
    const labels = lackingHashes(["metadata['labels']", "['metadata'].labels"], {}, [])
    expect(labels).toEqual([{ hash: 'metadata.labels' }])
    expect(lackingHashes(['metadata["labels"]'], {}, labels)).toEqual([])
    const odd = ["metadata.annotations['a.b/c']", `metadata.annotations["it's"]`, "metadata.annotations['']"]
    expect(lackingHashes(odd, {}, [])).toEqual(odd.map((hash) => ({ hash })))
  })

  test.each([
    [[], 'must be an array of paths'],
    ['spec', 'must be an array of paths'],
    [[1], 'must be an array of paths'],
    [['spec..a'], 'must be the path of one subtree'],
    [['spec.containers[*].image'], 'of elements name their array'],
  ])('refuses %j', (when, message) => {
    const bed = new NotifyBed()
    expect(() => bed.listen({ onAdd() {} }, { when: when as string[] })).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_OPTION',
        message: expect.stringMatching(new RegExp(`option when: .*${message.replace(/[[\]]/g, '\\$&')}`)),
      }),
    )
  })
})

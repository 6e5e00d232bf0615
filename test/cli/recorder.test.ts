import { expect, test } from 'vitest'
import { Fold } from '../../src/cli/fold.ts'
import { type Change, type Output, silent } from '../../src/cli/output.ts'
import { type RecordedEvent, Recorder } from '../../src/cli/recorder.ts'

function output(needsEveryChange: boolean): Output & { readonly changes: Change[] } {
  const changes: Change[] = []
  return {
    ...silent,
    changes,
    needsEveryChange,
    change(change) {
      changes.push(change)
      return undefined
    },
    notice() {},
    end: async () => {},
  }
}

function event(more: Partial<RecordedEvent> = {}): RecordedEvent {
  return {
    key: 'a/x',
    namespace: 'a',
    name: 'x',
    uid: 'uid',
    resourceVersion: '1',
    cause: 'watch',
    receivedAtMs: 1_000,
    object: {},
    ...more,
  }
}

test('lag: live changes read after the sync, nothing else', () => {
  let now = 1_000
  const recorder = new Recorder({
    resource: 'things',
    read: 'none',
    fold: undefined,
    output: output(false),
    nowMs: () => now,
  })
  recorder.take('add', event())
  recorder.live()
  now = 1_010
  recorder.take('update', event({ receivedAtMs: 999 }))
  recorder.take('update', event({ cause: 'list' }))
  expect(recorder.lag.percentiles()).toBeNull()
  recorder.take('update', event({ receivedAtMs: 1_004 }))
  expect(recorder.lag.percentiles()?.max).toBeCloseTo(6, 1)
  expect(recorder.changes).toEqual({ add: 1, update: 3, delete: 0 })
  expect(recorder.delivered).toBe(4)
})

/** What of the event was read: getters as the library's events have them. */
function watched(object: unknown) {
  const read = new Set<string>()
  const proxy = new Proxy(event({ object }), {
    get(target, name, receiver) {
      read.add(String(name))
      return Reflect.get(target, name, receiver) as unknown
    },
  })
  return { read, proxy }
}

test('--read decides what is touched', () => {
  const pod = { spec: { containers: [{ image: 'four' }, {}] }, status: { phase: 'Running' } }
  const lengths = { none: 0, metadata: 5, all: 5 + 4 + 7 } as const
  for (const mode of ['none', 'metadata', 'all'] as const) {
    const { read, proxy } = watched(pod)
    const recorder = new Recorder({
      resource: 'things',
      read: mode,
      fold: undefined,
      output: output(false),
      nowMs: () => 0,
    })
    recorder.take('add', proxy)
    expect(recorder.charactersRead).toBe(lengths[mode])
    expect(read.has('object')).toBe(mode === 'all')
    expect(read.has('uid')).toBe(mode !== 'none')
  }
})

test('--read all of a kind without containers: the whole object; of a delete without state: nothing', () => {
  const recorder = new Recorder({
    resource: 'things',
    read: 'all',
    fold: undefined,
    output: output(false),
    nowMs: () => 0,
  })
  recorder.take('add', event({ object: { data: { a: 'xyz', b: [1, null, 'uv'] } } }))
  const metadata = 'uid'.length + '1'.length + 'x'.length
  // Texts by their length, everything else as one.
  expect(recorder.charactersRead).toBe(metadata + 3 + 1 + 1 + 2)
  recorder.take('delete', event({ object: undefined }))
})

test('the fold and the output get what was told; outputs that want no changes get none', () => {
  const fold = new Fold()
  const all = output(true)
  const recorder = new Recorder({ resource: 'things', read: 'none', fold, output: all, nowMs: () => 0 })
  recorder.take('add', event())
  recorder.take('update', event({ resourceVersion: '2' }))
  expect(fold.get('a/x')).toEqual({ uid: 'uid', resourceVersion: '2' })
  recorder.take('delete', event({ resourceVersion: '3', finalStateUnknown: true }))
  expect(fold.size).toBe(0)
  expect(fold.violations).toBe(0)
  expect(all.changes.map((each) => [each.resource, each.type, each.finalStateUnknown])).toEqual([
    ['things', 'add', false],
    ['things', 'update', false],
    ['things', 'delete', true],
  ])
  const none = output(false)
  new Recorder({ resource: 'things', read: 'none', fold: undefined, output: none, nowMs: () => 0 }).take(
    'add',
    event(),
  )
  expect(none.changes).toEqual([])
})

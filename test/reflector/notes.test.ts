import { expect, test } from 'vitest'
import { KubeInformerError } from '../../src/errors.ts'
import { notesOf } from '../../src/reflector/notes.ts'
import { initialState, type ReflectorEvent, type ReflectorState } from '../../src/reflector/state.ts'
import { defaultTiming } from '../../src/reflector/timing.ts'
import { transition } from '../../src/reflector/transitions.ts'

const expired = new KubeInformerError('ERR_VERSION_EXPIRED', 'too old')
const broken = new KubeInformerError('ERR_CONNECTION', 'broken')

/** What is noted of each event, and what is counted. */
function run(events: readonly (ReflectorEvent & { readonly atMs?: number })[]): readonly unknown[] {
  let state: ReflectorState = initialState
  let nowMs = 0
  return events.map(({ atMs = nowMs, ...event }) => {
    nowMs = atMs
    const before = state
    const step = transition(state, event as ReflectorEvent, { nowMs, random: 0.5, timing: defaultTiming })
    state = step.state
    const counted = step.effects.flatMap((effect) => (effect.type === 'count' ? [effect.counter] : []))
    return [...notesOf(before, step), ...counted.filter((counter) => counter === 'shortWatches')]
  })
}

const start: ReflectorEvent = { type: 'start', resumeVersion: undefined, knownVersion: undefined }
const listed: readonly ReflectorEvent[] = [
  start,
  { type: 'permit' },
  { type: 'opened' },
  { type: 'chunk', added: 1, events: 1, version: '5' },
  { type: 'bookmark', version: '5', isEnd: true },
]

test('a streamed list that goes on as a watch, its clean end and the next one', () => {
  const notes = run([...listed, { type: 'ended', atMs: 300_000 }, { type: 'opened' }])
  expect(notes).toEqual([
    [],
    [{ type: 'list-start', mode: 'stream', isRelist: false, isReset: false }],
    [],
    [],
    [
      { type: 'list-end', isComplete: true },
      { type: 'watch-start', resourceVersion: '5' },
    ],
    [{ type: 'watch-end' }, { type: 'watch-start', resourceVersion: '5' }],
    [],
  ])
})

test('a list that breaks off says why, and so does the one after it', () => {
  const notes = run([
    start,
    { type: 'permit' },
    { type: 'opened' },
    { type: 'failed', error: broken },
    { type: 'timer', atMs: 1_000 },
    { type: 'permit' },
  ])
  expect(notes.slice(3)).toEqual([
    [{ type: 'list-end', isComplete: false, error: broken }],
    [],
    [{ type: 'list-start', mode: 'stream', isRelist: false, isReset: false, error: broken }],
  ])
})

test('a version too old: the watch ends with that, the new list has it as its reason', () => {
  const notes = run([...listed, { type: 'error', error: expired, atMs: 300_000 }, { type: 'permit' }])
  expect(notes.slice(5)).toEqual([
    [{ type: 'watch-end', error: expired }],
    [{ type: 'list-start', mode: 'stream', isRelist: true, isReset: false, error: expired }],
  ])
})

test('a watch that ends at once without a word is a short one; with an event it is not', () => {
  const again: readonly (ReflectorEvent & { readonly atMs?: number })[] = [
    ...listed,
    { type: 'ended', atMs: 300_000 },
    { type: 'opened' },
  ]
  const notes = run([...again, { type: 'ended', atMs: 300_500 }])
  expect(notes.at(-1)).toEqual([{ type: 'watch-end', error: expect.any(KubeInformerError) }, 'shortWatches'])
  const chunk: ReflectorEvent = { type: 'chunk', added: 0, events: 1, version: '6' }
  expect(run([...again, chunk, { type: 'ended', atMs: 300_500 }]).at(-1)).toEqual([{ type: 'watch-end' }])
})

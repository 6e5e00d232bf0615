import { expect, test } from 'vitest'
import { Renewal, type Renewed } from '../../src/config/renewal.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'

/** A credential that is called after the number of its run. */
function counted(
  give: (run: number, nowMs: number) => Partial<Renewed<string>> | Error,
  first?: Renewed<string>,
) {
  const runtime = new VirtualRuntime()
  runtime.random = () => 0
  const state = { runs: 0 }
  const renewal = new Renewal<string>(
    async () => {
      const given = give(++state.runs, runtime.nowMs())
      if (given instanceof Error) throw given
      return { value: `run ${state.runs}`, ...given }
    },
    runtime,
    first,
  )
  return { runtime, renewal, state }
}

test('one run serves all who ask together; without an end it is kept until it is refused', async () => {
  const { runtime, renewal, state } = counted(() => ({}))
  const all = await Promise.all(Array.from({ length: 200 }, (_, index) => renewal.get(index % 2 === 1)))
  expect(new Set(all)).toEqual(new Set(['run 1']))
  runtime.advance(30 * 86_400_000)
  expect(await renewal.get(false)).toBe('run 1')
  expect(renewal.reuseMs).toBe(Number.POSITIVE_INFINITY)
  expect(await renewal.get(true)).toBe('run 2')
  expect(state.runs).toBe(2)
})

test('renewed a minute before the end, or after 4/5 of a short life; a failure then harms nobody', async () => {
  const long = counted((run, now) => (run === 2 ? new Error('down') : { expiresAtMs: now + 3_600_000 }))
  await long.renewal.get(false)
  expect(long.renewal.reuseMs).toBe(3_540_000)
  long.runtime.advance(3_539_999)
  expect(await long.renewal.get(false)).toBe('run 1')
  long.runtime.advance(1)
  expect(await long.renewal.get(false)).toBe('run 1')
  expect(long.state.runs).toBe(2)
  // Asked for again after a pause, not by everybody who comes meanwhile.
  expect(long.renewal.reuseMs).toBe(1_000)
  expect(await long.renewal.get(false)).toBe('run 1')
  expect(long.state.runs).toBe(2)
  long.runtime.advance(1_000)
  expect(await long.renewal.get(false)).toBe('run 3')

  const short = counted((_run, now) => ({ expiresAtMs: now + 10_000 }))
  await short.renewal.get(false)
  expect(short.renewal.reuseMs).toBe(8_000)
})

test('what never works is tried after 1, 2, 4 … 60 s, however many ask', async () => {
  const { runtime, renewal, state } = counted(() => new Error('broken'))
  const startedAtS: number[] = []
  for (let s = 0; s <= 300; s++) {
    const before = state.runs
    for (let watch = 0; watch < 200; watch++)
      await expect(renewal.get(watch % 2 === 0)).rejects.toThrow('broken')
    if (state.runs > before) startedAtS.push(s)
    runtime.advance(1_000)
  }
  expect(startedAtS).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243])
})

test('a server that refuses whatever is given leads to no more runs than a failure would', async () => {
  const { runtime, renewal, state } = counted(() => ({}))
  for (let s = 0; s < 60; s++) {
    expect(await renewal.get(true)).toMatch(/^run /)
    runtime.advance(1_000)
  }
  expect(state.runs).toBe(6)
  // After a calm time the next refusal is answered at once, and the one after it a second later.
  runtime.advance(200_000)
  await renewal.get(true)
  runtime.advance(1_000)
  await renewal.get(true)
  expect(state.runs).toBe(8)
})

test('credentials that are expired when they come are not asked for at full speed', async () => {
  const { runtime, renewal, state } = counted((_run, now) => ({ expiresAtMs: now - 1 }))
  for (let ms = 0; ms < 10_000; ms += 10) {
    await renewal.get(false)
    runtime.advance(10)
  }
  expect(state.runs).toBe(4)
})

test('what there was at the beginning is used, and its end counts', async () => {
  const { runtime, renewal, state } = counted(() => ({}), { value: 'first', expiresAtMs: 1_100_000 })
  expect(await renewal.get(false)).toBe('first')
  runtime.advance(100_000)
  expect(await renewal.get(false)).toBe('run 1')
  expect(state.runs).toBe(1)
})

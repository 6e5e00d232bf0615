import { expect, test } from 'vitest'
import { NotifyBed, uidOf } from '../notify/notify-bed.ts'
import { ModelledListener, pick, seededRandom } from './notify-listener-model.ts'

const seedCount = Number(process.env['NOTIFY_SEEDS'] ?? 600)
const seedFirst = Number(process.env['NOTIFY_SEED'] ?? 1)
const stepCount = 250
const keys = ['ns/a', 'ns/b', 'c', 'd', 'e', 'f']

/** Runs one random history; returns what broke the contract. */
async function run(seed: number): Promise<string[]> {
  const random = seededRandom(seed)
  const bed = new NotifyBed({ sliceMs: 5, recordBytes: 100 })
  const listeners: ModelledListener[] = []
  const live = (): ModelledListener[] => listeners.filter((listener) => !listener.isRemoved)
  let isListed = false

  const listen = (): void => {
    const sawAll = bed.cache.current.size === 0
    const listener = new ModelledListener(bed, random, sawAll)
    listener.isListed = isListed
    listeners.push(listener)
  }
  const told = (count: number): void => {
    for (const listener of live()) listener.pushed += count
  }
  /** Whatever its cause: before the list is complete an object may come merged with a later event. */
  const created = (key: string): void => {
    const cell = bed.cache.current.get(key)
    if (cell === undefined || isListed) return
    for (const listener of live()) listener.initial.set(uidOf(cell), key)
  }
  const change = (): void => {
    const key = pick(random, keys)
    const isCached = bed.cache.current.has(key)
    const way = random()
    if (!isCached || way < 0.6) {
      const cause = !isListed && random() < 0.7 ? 'list' : 'watch'
      bed.put(key, cause)
      told(1)
      if (!isCached) created(key)
    } else if (way < 0.8) {
      bed.delete(key, random() < 0.5)
      told(1)
    } else {
      bed.recreate(key)
      told(2)
      created(key)
    }
  }
  const remove = (): void => {
    const listener = pick(random, live())
    if (listener === undefined) return
    listener.isRemoved = true
    void listener.registration.remove()
  }
  const end = (): void => {
    const running = listeners.flatMap((listener) => [...listener.running.values()])
    const one = pick(random, running)
    if (one === undefined) return
    if (random() < 0.8) one.open()
    else one.fail(new Error('rejected'))
  }

  if (random() < 0.7) listen()
  for (let step = 0; step < stepCount; step++) {
    const way = random()
    bed.runtime.lookMs = random() < 0.3 ? 3 : 0
    if (way < 0.45) change()
    else if (way < 0.65) await bed.runtime.turn()
    else if (way < 0.85) end()
    else if (way < 0.88) listen()
    else if (way < 0.9) remove()
    else if (way < 0.94) bed.runtime.fire(random() * 40)
    else if (way < 0.96 && !isListed) {
      isListed = true
      for (const listener of listeners) listener.isListed = true
      bed.listCompleted()
    }
    for (const listener of listeners) listener.check()
  }
  bed.runtime.lookMs = 0
  await bed.settle()
  for (let open = true; open; ) {
    const running = listeners.flatMap((listener) => [...listener.running.values()])
    for (const one of running) one.open()
    await bed.settle()
    for (const listener of listeners) listener.check()
    open = running.length > 0
  }
  for (const listener of listeners) listener.checkIdle()
  const violations = listeners.flatMap((listener) => [...listener.violations])
  const { store, current } = bed.cache
  if (store.pinnedBytes !== 0) violations.push(`${store.pinnedBytes} bytes pinned`)
  for (const [key, cell] of current) {
    if (cell.uses !== 0) violations.push(`${key} is still used ${cell.uses} times`)
    if (cell.object !== undefined) violations.push(`${key} still has its object`)
  }
  if (store.liveBytes !== current.size * 100) violations.push(`${store.liveBytes} bytes live`)
  if (bed.errors.length < listeners.reduce((sum, listener) => sum + listener.errors, 0)) {
    violations.push('an error was not reported')
  }
  await bed.processor.close()
  if (bed.runtime.timerCount !== 0) violations.push('a timer was left')
  return violations
}

test(`${seedCount} random histories keep the contract, for every listener`, {
  timeout: 600_000,
}, async () => {
  for (let seed = seedFirst; seed < seedFirst + seedCount; seed++) {
    expect(await run(seed), `NOTIFY_SEED=${seed} NOTIFY_SEEDS=1`).toEqual([])
  }
})

import { expect, test } from 'vitest'
import { MemoryBudget } from '../../src/protocol/memory-budget.ts'

test('is the sum of what all watches hold, in every thread', () => {
  const main = new MemoryBudget()
  const worker = new MemoryBudget(main.shared)
  const [a, b] = [main.takeSlot(), main.takeSlot()]
  worker.set(a, 10_240)
  worker.set(b, 1_024)
  worker.set(a, 2_048)
  expect(main.bytes).toBe(3_072)
  main.freeSlot(a)
  expect(worker.bytes).toBe(1_024)
})

test('no two live watches share a slot, however many came and went', () => {
  const budget = new MemoryBudget()
  const old = budget.takeSlot()
  budget.set(old, 4_096)
  for (let run = 0; run < 200_000; run++) {
    const slot = budget.takeSlot()
    expect(slot === old).toBe(false)
    budget.set(slot, 1_024)
    budget.freeSlot(slot)
  }
  expect(budget.bytes).toBe(4_096)
  for (let i = 1; i < 65_535; i++) budget.takeSlot()
  expect(() => budget.takeSlot()).toThrow(expect.objectContaining({ code: 'ERR_INTERNAL' }))
})

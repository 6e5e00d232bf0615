import { expect, test, vi } from 'vitest'
import { onAbort } from '../../src/base/abort-listeners.ts'

test('many who wait for one signal are one listener of it, and none once they are gone', () => {
  const controller = new AbortController()
  const { signal } = controller
  const add = vi.spyOn(signal, 'addEventListener')
  const remove = vi.spyOn(signal, 'removeEventListener')
  const log: number[] = []
  const same = (): void => void log.push(-1)
  const ends = Array.from({ length: 100 }, (_, i) => onAbort(signal, i < 98 ? () => log.push(i) : same))
  expect(add).toHaveBeenCalledTimes(1)
  for (const end of ends) end()
  for (const end of ends) end()
  expect(remove).toHaveBeenCalledTimes(1)
  const first = onAbort(signal, () => {
    log.push(1)
    first()
    third()
  })
  onAbort(signal, () => log.push(2))
  const third = onAbort(signal, () => log.push(3))
  controller.abort()
  expect(log).toEqual([1, 2])
})

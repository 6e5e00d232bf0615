import { expect, test } from 'vitest'
import type { ReplayObjectHandlers } from '../src/index.ts'
import { syncedTogether } from '../src/namespaces-registration.ts'

test('handlers of several informers hear once of what is so for all of them', () => {
  const log: string[] = []
  const member = syncedTogether<unknown>(
    { onAdd() {}, onSynced: () => log.push('synced'), onDesynced: () => log.push('desynced') },
    2,
  )
  const [a, b] = [member(), member()] as ReplayObjectHandlers<unknown>[]
  a?.onSynced?.()
  // The set was never in sync: nobody falls behind.
  a?.onDesynced?.()
  b?.onSynced?.()
  expect(log).toEqual([])
  a?.onSynced?.()
  expect(log).toEqual(['synced'])
  a?.onDesynced?.()
  b?.onDesynced?.()
  b?.onSynced?.()
  expect(log).toEqual(['synced', 'desynced'])
  a?.onSynced?.()
  expect(log).toEqual(['synced', 'desynced', 'synced'])
})

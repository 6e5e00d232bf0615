import { afterEach, expect, it } from 'vitest'
import { ContractBed, until } from './contract-bed.ts'

let bed: ContractBed
afterEach(() => bed.end())

it('twenty pages, and watches that end and begin again, take one connection', async () => {
  bed = await ContractBed.start(1, { hasWatchList: false })
  for (let i = 0; i < 200; i++) bed.create(`m${i}`)
  // Watches of 1 to 2 s: the shortest that a server can be asked for.
  const { informer } = bed.factory({ timing: { pageSize: 10, watchTimeoutMinMs: 1 } }).core.v1.configmaps
  informer.start()
  await informer.waitForSync({ signal: AbortSignal.timeout(20_000) })
  expect(bed.server.stats().lists).toBe(20)
  await until(() => bed.server.stats().watches >= 3, 'the watch was opened anew twice')
  expect(bed.server.stats().connectionsTotal).toBe(1)
})

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ContractBed, threadCounts, until } from '../contract/contract-bed.ts'

describe.each(threadCounts)('whether a cache is fresh, threads: $threads', ({ threads }) => {
  let bed: ContractBed
  beforeEach(async () => {
    bed = await ContractBed.start(threads)
  })
  afterEach(() => bed.end())

  it('says why not and for how long: before the start, in a fault, after a stop', async () => {
    const factory = bed.factory()
    const { informer } = factory.core.v1.configmaps
    expect(informer.health()).toMatchObject({ isFresh: false, stale: { reason: 'idle' } })
    informer.start()
    await until(() => informer.health().isFresh, 'it is fresh')
    expect(informer.health()).not.toHaveProperty('stale')

    bed.server.faults.refuse({ status: 503 })
    bed.server.faults.cutStreams()
    const first = await until(() => informer.health().stale, 'it is stale')
    expect(first.reason).toBe('retrying')
    const later = await until(() => {
      const { stale, attempt } = informer.health()
      return attempt > 2 && stale
    }, 'it is tried again and again')
    expect(later.forMs).toBeGreaterThan(first.forMs)
    bed.server.faults.clear()
    await until(() => informer.health().isFresh, 'it is fresh again')
    expect(factory.health()[0]?.isFresh).toBe(true)

    await informer.stop()
    expect(informer.health().stale?.reason).toBe('stopped')
  })
})

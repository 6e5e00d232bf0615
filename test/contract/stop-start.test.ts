import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ContractBed, threadCounts, until } from './contract-bed.ts'

describe.each(threadCounts)('stop and start at any moment, threads: $threads', ({ threads }) => {
  let bed: ContractBed

  beforeEach(async () => {
    bed = await ContractBed.start(threads)
  })
  afterEach(() => bed.end())

  it('line 11: a start while a stop is under way is the run that counts', async () => {
    const { informer } = bed.factory().core.v1.configmaps
    informer.start()
    await informer.waitForSync({ signal: AbortSignal.timeout(10_000) })
    const stopped = informer.stop()
    informer.start()
    await stopped
    expect(informer.state).not.toBe('stopped')
    bed.create('late')
    await until(() => informer.indexer.has('default/late'), 'the second run tells')
    expect(informer.state).toBe('watching')
    expect(bed.server.stats().watchers).toBe(1)
    await informer.stop()
    await until(() => bed.server.stats().connections === 0, 'no connection is left')
  })

  it('line 11: start, stop, start before the credentials are there is one watch', async () => {
    const { informer } = bed.factory().core.v1.configmaps
    informer.start()
    await informer.waitForSync({ signal: AbortSignal.timeout(10_000) })
    await informer.stop()
    // A resumed watch needs no permit: an older run beside it would connect, too.
    informer.start()
    void informer.stop()
    informer.start()
    bed.create('late')
    await until(() => informer.indexer.has('default/late'), 'the last run tells')
    expect(bed.server.stats().watchers).toBe(1)
    await informer.stop()
    await until(() => bed.server.stats().connections === 0, 'no connection is left')
  })

  it('line 11: stops and starts that nobody waits for are no deaths of workers', async () => {
    const { informer } = bed.factory().core.v1.configmaps
    const errors: unknown[] = []
    informer.onStateChange(({ error }) => error && errors.push(error))
    informer.start()
    await informer.waitForSync({ signal: AbortSignal.timeout(10_000) })
    for (let i = 0; i < 4; i++) {
      void informer.stop()
      informer.start()
      await until(() => informer.state === 'watching', 'it watches again')
    }
    bed.create('late')
    await until(() => informer.indexer.has('default/late'), 'the last run tells')
    expect(errors).toEqual([])
    expect(informer.stats().workerRestarts).toBe(0)
  })

  it('line 11: a stop that does not wait gives the permit of its list back', async () => {
    const { v1 } = bed.factory({ drainMs: 0, maxConcurrentSyncs: 1 }).core
    bed.server.faults.delay(60_000)
    const stuck = v1.configmaps.informer
    stuck.start()
    await until(() => stuck.state === 'syncing', 'the only permit is taken')
    await stuck.stop()
    bed.server.faults.clear()
    const other = v1.secrets.informer
    other.start()
    await until(() => other.hasSynced(), 'another list may begin')
  })
})

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ContractBed, sleep, threadCounts, until } from './contract-bed.ts'

describe.each(threadCounts)('callbacks that misbehave, threads: $threads', ({ threads }) => {
  let bed: ContractBed
  const uncaught: string[] = []
  const onUncaught = (error: Error): void => void uncaught.push(error.message)
  let others: NodeJS.UncaughtExceptionListener[]

  beforeEach(async () => {
    others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', onUncaught)
    uncaught.length = 0
    bed = await ContractBed.start(threads)
    for (let i = 0; i < 20; i++) bed.create(`m${i}`)
  })
  afterEach(async () => {
    await bed.end()
    // What the close threw is thrown a turn later.
    await sleep(10)
    process.off('uncaughtException', onUncaught)
    for (const other of others) process.on('uncaughtException', other)
  })

  it('line 10: reporters and state listeners that throw are heard, and stop nothing', async () => {
    const factory = bed.factory({
      onHandlerError: () => {
        throw new Error('reporter')
      },
    })
    const { informer } = factory.core.v1.configmaps
    informer.addIndexers({
      broken: () => {
        throw new Error('index')
      },
    })
    informer.onStateChange(() => {
      throw new Error('state')
    })
    factory.onSlice(() => {
      throw new Error('slice')
    })
    factory.start()
    await informer.waitForSync({ signal: AbortSignal.timeout(10_000) })
    bed.create('late')
    await until(() => informer.indexer.has('default/late'), 'the cache goes on')
    await factory.close()
    await until(() => new Set(uncaught).size === 3, 'each was heard')
    expect(new Set(uncaught)).toEqual(new Set(['reporter', 'state', 'slice']))
  })

  it('line 11: an index function that stops its informer leaves a cache that can be read', async () => {
    const { informer } = bed.factory().core.v1.configmaps
    let stopped: Promise<void> | undefined
    informer.addIndexers({
      stopping: () => {
        stopped ??= informer.stop()
        return 'x'
      },
    })
    informer.start()
    await until(() => stopped !== undefined, 'the first object came')
    await stopped
    for (const { metadata } of informer.indexer.list()) expect(metadata?.name).toMatch(/^m\d+$/)
    informer.start()
    await informer.waitForSync({ signal: AbortSignal.timeout(10_000) })
    expect(informer.indexer.size).toBe(20)
    expect(informer.indexer.list().map(({ metadata }) => metadata?.name)).toHaveLength(20)
    expect(uncaught).toEqual([])
  })
})

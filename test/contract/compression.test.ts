import { afterEach, describe, expect, it } from 'vitest'
import type { Informer } from '../../src/index.ts'
import { type ConfigMap, ContractBed, threadCounts, until } from './contract-bed.ts'
import { cached, Recorder, sameState } from './recorder.ts'

describe.each(threadCounts)('compressed answers, threads: $threads', ({ threads }) => {
  let bed: ContractBed

  afterEach(() => bed.end())

  it.each([
    ['lists', true],
    ['lists', false],
    ['none', true],
  ] as const)('%s, streamed: %s: the cache and all changes are right', async (compression, hasWatchList) => {
    bed = await ContractBed.start(threads, { hasWatchList, hasWatchListCompression: true })
    for (let i = 0; i < 1_200; i++) bed.create(`m${i}`, { text: 'compressible '.repeat(50) })
    const informer = bed.factory({ compression }).core.v1.configmaps
      .informer as unknown as Informer<ConfigMap>
    const recorder = new Recorder()
    informer.addEventHandler(recorder.handlers)
    informer.start()
    await informer.waitForSync({ signal: AbortSignal.timeout(20_000) })
    bed.update('m1', { text: 'new' })
    bed.delete('m2')
    bed.create('after')
    await until(() => sameState(recorder.state(), bed.truth()), 'the listener shows what the server holds')
    expect(sameState(cached(informer), bed.truth())).toBe(true)
    expect(recorder.problems).toEqual([])
    await until(() => informer.stats().watch.bytesRead > 500_000, 'the counters are told')
    const { bytesRead, wireBytesRead } = informer.stats().watch
    if (compression === 'none') expect(wireBytesRead).toBe(bytesRead)
    else expect(wireBytesRead).toBeLessThan(bytesRead / 4)
    bed.server.faults.cutStreams()
    bed.create('later')
    await until(() => informer.indexer.has('default/later'), 'it resumes')
  })
})

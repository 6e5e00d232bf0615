import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ContractBed, informerOf, sleep, synced, threadCounts, until } from './contract-bed.ts'
import { cached, Recorder, sameState } from './recorder.ts'

describe.each(threadCounts)('the contract on bounds and faults, threads: $threads', ({ threads }) => {
  let bed: ContractBed

  beforeEach(async () => {
    bed = await ContractBed.start(threads)
  })
  afterEach(() => bed.end())

  it('line 13: an object above its bound is skipped and named; the stream goes on', async () => {
    bed.create('small', { n: '1' })
    const informer = informerOf(bed.factory({ frameBytesMax: 65_536 }))
    await synced(informer)
    bed.create('huge', { text: 'x'.repeat(100_000) })
    bed.create('after')
    await until(() => informer.indexer.has('default/after'), 'the stream went on')
    await until(() => informer.health().refused.length === 1, 'the refused object is named')
    expect(informer.indexer.has('default/huge')).toBe(false)
    expect(informer.health().refused[0]).toMatchObject({
      key: 'default/huge',
      error: { code: 'ERR_FRAME_TOO_LARGE' },
    })
    bed.update('huge', { text: 'y' })
    await until(() => informer.indexer.has('default/huge'), 'a newer version of it is taken')
    await until(() => informer.health().refused.length === 0, 'and it is named no more')
  })

  it('line 14: a refused object is named no longer than it exists, and its end is told though it cannot be read', async () => {
    const large = { text: 'x'.repeat(100_000) }
    bed.create('grown', { n: '1' })
    const informer = informerOf(bed.factory({ frameBytesMax: 65_536 }))
    const recorder = new Recorder()
    informer.addEventHandler(recorder.handlers)
    await synced(informer)
    bed.create('big', large)
    bed.update('grown', large)
    await until(() => informer.health().refused.length === 2, 'both are named')
    expect(informer.indexer.get('default/grown')?.data).toEqual({ n: '1' })
    bed.delete('big')
    bed.delete('grown')
    bed.create('after')
    await until(() => informer.indexer.has('default/after'), 'the stream went on')
    expect(informer.health().refused).toEqual([])
    await until(() => sameState(recorder.state(), bed.truth()), 'the listener shows what the server holds')
    expect(recorder.log).toEqual(['add grown list', 'delete grown unknown watch', 'add after watch'])
    expect(recorder.problems).toEqual([])

    // Again under the same name: an end that came first must not hide it, one that comes later must.
    bed.create('big')
    bed.delete('big')
    bed.create('big', large)
    bed.create('then')
    await until(() => informer.indexer.has('default/then'), 'the stream went on')
    expect(informer.health().refused).toMatchObject([{ key: 'default/big' }])
  })

  it('line 14: what was refused is named until a complete list does without it', async () => {
    const text = 'x'.repeat(100_000)
    bed.create('big', { text })
    // The namespace stands behind what is too large: any object may be meant.
    const metadata = { name: 'nameless', generateName: text, namespace: 'default' }
    bed.server.create('configmaps', { metadata })
    const informer = informerOf(bed.factory({ frameBytesMax: 65_536 }))
    await synced(informer)
    const refused = () => informer.health().refused.map(({ key }) => key)
    expect(refused()).toEqual(['default/big', undefined])
    await bed.server.stopListening()
    bed.delete('big')
    bed.delete('nameless')
    bed.create('other', { text })
    bed.server.compact()
    await bed.server.startListening()
    await until(() => informer.stats().watch.relists > 0, 'it lists anew')
    await until(() => refused().join() === 'default/other', 'only the new one is named')
  })

  it('line 13: a handler that hangs holds no more than its bound', async () => {
    for (let i = 0; i < 50; i++) bed.create(`m${i}`)
    const informer = informerOf(bed.factory({ drainMs: 100 }))
    const hung = informer.addEventHandler(
      { onAdd: () => new Promise(() => {}) },
      { buffer: { countMax: 10 } },
    )
    await synced(informer)
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 50; i++) bed.update(`m${i}`, { round: String(round) })
      for (let i = 0; i < 10; i++) {
        bed.create(`new-${round}-${i}`)
        bed.delete(`new-${round}-${i}`)
      }
      await sleep(2)
    }
    await until(() => sameState(cached(informer), bed.truth()), 'the cache is right all the same')
    expect(hung.stats().depth).toBeLessThanOrEqual(50)
    expect(informer.stats().pinnedBytes).toBeLessThan(50 * 2_000)
  })

  it('line 14: refusals, errors and dead connections are retried until all is well', async () => {
    bed.create('a')
    const informer = informerOf(bed.factory())
    const recorder = new Recorder()
    const states: string[] = []
    informer.addEventHandler(recorder.handlers)
    informer.onStateChange(({ state, error }) => states.push(`${state} ${error?.code ?? ''}`))
    const told = (what: string): Promise<true> => until(() => states.includes(what), what)
    for (const [status, state] of [
      [503, 'retrying ERR_API_STATUS'],
      [403, 'forbidden ERR_FORBIDDEN'],
      [429, 'retrying ERR_THROTTLED'],
    ] as const) {
      bed.server.faults.refuse({ status, retryAfterSeconds: 0 })
      informer.start()
      await told(state)
      bed.server.faults.clear()
    }
    await synced(informer)
    bed.create('b')
    bed.server.faults.cutStreams()
    bed.create('c')
    await bed.server.stopListening()
    await until(() => informer.state === 'retrying', 'the server is gone')
    bed.create('while-down')
    bed.delete('a')
    await bed.server.startListening()
    await until(() => sameState(recorder.state(), bed.truth()), 'the listener shows what the server holds')
    await until(() => informer.state === 'watching', 'the watch is well')
    expect(recorder.problems).toEqual([])
  })

  it('line 14: a connection that went silent is replaced', async () => {
    bed.create('a')
    const informer = informerOf(bed.factory({ timing: { silenceMs: 150 } }))
    const recorder = new Recorder()
    informer.addEventHandler(recorder.handlers)
    await synced(informer)
    const before = informer.stats().watch.reconnects
    bed.server.faults.silence(true)
    bed.create('b')
    await until(() => informer.stats().watch.reconnects > before, 'silence is noticed')
    bed.server.faults.silence(false)
    await until(() => sameState(recorder.state(), bed.truth()), 'the listener shows what the server holds')
    expect(recorder.problems).toEqual([])
  })
})

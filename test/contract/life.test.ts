import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type ConfigMap,
  ContractBed,
  informerOf,
  sleep,
  synced,
  threadCounts,
  until,
} from './contract-bed.ts'
import { Recorder, sameState } from './recorder.ts'

describe.each(threadCounts)('the contract on life, threads: $threads', ({ threads }) => {
  let bed: ContractBed

  beforeEach(async () => {
    bed = await ContractBed.start(threads)
  })
  afterEach(() => bed.end())

  it('line 9: whatever is handed out is frozen, maps included, and a write throws', async () => {
    bed.create('a', { key: 'value' }, { app: 'web' })
    const factory = bed.factory()
    const { informer, lister } = factory.core.v1.configmaps
    const handed: unknown[] = []
    informer.addEventHandler({ onAdd: (event) => void handed.push(event.object) })
    factory.start()
    await until(() => handed.length === 1, 'the add came')
    const objects = [
      ...handed,
      lister.get({ namespace: 'default', name: 'a' }),
      lister.get('default/a'),
      ...lister.list({ labelSelector: 'app=web' }),
      ...informer.indexer.byIndex('namespace', 'default'),
    ]
    expect(objects).toHaveLength(5)
    for (const object of objects as { data: Record<string, string>; metadata: ConfigMap['metadata'] }[]) {
      expect(() => {
        object.data['key'] = 'changed'
      }).toThrow(TypeError)
      expect(() => {
        ;(object.metadata.labels as Record<string, string>)['app'] = 'changed'
      }).toThrow(TypeError)
      expect(() => {
        Object.assign(object, { more: 1 })
      }).toThrow(TypeError)
    }
    expect(lister.get('default/a')?.data).toEqual({ key: 'value' })
  })

  it('an event in a log shows its facts, and no object that was not read', async () => {
    bed.create('a', { password: 's3cr3t' })
    const informer = informerOf(bed.factory())
    const shown: string[] = []
    let facts: unknown
    informer.addEventHandler({
      onAdd: (event) => {
        shown.push(JSON.stringify(event), inspect(event))
        facts = { uid: event.uid, resourceVersion: event.resourceVersion }
        void event.object
        shown.push(JSON.stringify(event), inspect(event))
      },
    })
    await synced(informer)
    await until(() => shown.length === 4, 'the add came')
    expect(shown.map((text) => text.includes('s3cr3t'))).toEqual([false, false, true, true])
    expect(shown[1]).toContain("namespace: 'default'")
    expect(JSON.parse(shown[0] as string)).toMatchObject({
      ...(facts as object),
      ...{ type: 'add', key: 'default/a', namespace: 'default', name: 'a', cause: 'list' },
    })
  })

  it('refuses what would do nothing: misspelt handlers and list options, no handlers at all', () => {
    const { informer, lister } = bed.factory().core.v1.configmaps
    const refused = (call: () => unknown): void =>
      expect(call).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION' }))
    const any = (value: unknown) => value as never
    refused(() => lister.list(any({ selector: 'app=web' })))
    refused(() => informer.addEventHandler(any({ onAdded: () => {} })))
    refused(() => informer.addEventHandler(any(undefined)))
    refused(() => informer.addEventHandler(any(() => {})))
  })

  it('line 10: without onHandlerError a failing handler is said once, by resource and key', async () => {
    const warnings: Error[] = []
    const take = (warning: Error): void => void warnings.push(warning)
    process.on('warning', take)
    try {
      const informer = informerOf(bed.factory())
      const fail = (): never => {
        throw new Error('boom')
      }
      const one = informer.addEventHandler({ onAdd: fail, onDelete: async () => fail() })
      const two = informer.addEventHandler({ onAdd: fail })
      await synced(informer)
      for (const name of ['a', 'b', 'c']) bed.create(name, { password: 's3cr3t' })
      for (const name of ['a', 'b']) {
        await until(() => informer.indexer.get(`default/${name}`) !== undefined, 'it is cached')
        bed.delete(name)
      }
      await until(() => one.stats().errors === 5 && two.stats().errors === 3, 'errors are counted')
      await until(() => warnings.length === 3, 'three kinds of failures are told')
    } finally {
      process.off('warning', take)
    }
    expect(warnings.map(({ message }) => message).sort()).toEqual([
      'onAdd failed for configmaps default/a: boom',
      'onAdd failed for configmaps default/a: boom',
      'onDelete failed for configmaps default/a: boom',
    ])
    for (const warning of warnings) expect(warning).toMatchObject({ code: 'KUBE_INFORMER_HANDLER_ERROR' })
    expect(JSON.stringify(warnings.map(({ stack }) => stack))).not.toContain('s3cr3t')
  })

  it('line 10: a handler that throws, rejects or never settles harms no other, and is reported', async () => {
    const reported: string[] = []
    const factory = bed.factory({
      drainMs: 100,
      onHandlerError: (error, { resource, key }) =>
        reported.push(`${resource} ${key} ${(error as Error).message}`),
    })
    const informer = informerOf(factory)
    const recorder = new Recorder()
    const throwing = informer.addEventHandler({
      onAdd: () => {
        throw new Error('thrown')
      },
    })
    const rejecting = informer.addEventHandler({ onAdd: async () => Promise.reject(new Error('rejected')) })
    const stuck = informer.addEventHandler({ onAdd: () => new Promise(() => {}) })
    informer.addEventHandler(recorder.handlers)
    await synced(informer)
    for (let i = 0; i < 20; i++) bed.create(`m${i}`)
    await until(() => recorder.fold.size === 20, 'the healthy listener got everything')
    await until(() => rejecting.stats().errors === 20 && throwing.stats().errors === 20, 'errors are counted')
    expect(stuck.stats()).toMatchObject({ inProgress: 1, depth: 19 })
    expect(reported.filter((line) => line.endsWith('thrown'))).toHaveLength(20)
    expect(reported.filter((line) => line.endsWith('rejected'))).toHaveLength(20)
    expect(throwing.stats().handlerMs).toBeGreaterThan(0)
    expect(informer.state).toBe('watching')
  })

  it('line 11: after close nothing is called, and the server has no connection left', async () => {
    for (let i = 0; i < 50; i++) bed.create(`m${i}`)
    const factory = bed.factory()
    const informer = informerOf(factory)
    let calls = 0
    let signal: AbortSignal | undefined
    informer.addEventHandler({
      onAdd: async (event) => {
        calls++
        signal = event.signal
        await sleep(5)
      },
    })
    factory.start()
    factory.start()
    await until(() => calls > 3, 'some calls were made')
    expect(bed.server.stats().watchers).toBe(1)
    await factory.close()
    const atClose = calls
    expect(signal?.aborted).toBe(true)
    bed.create('late')
    await sleep(30)
    expect(calls).toBe(atClose)
    await until(() => bed.server.stats().connections === 0, 'no connection is left')
    expect(() => factory.start()).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
  })

  it('line 11: close before headers arrive, and from inside a handler', async () => {
    bed.server.faults.delay(60_000)
    const early = bed.factory()
    informerOf(early)
    early.start()
    await sleep(20)
    const before = Date.now()
    await early.close()
    expect(Date.now() - before).toBeLessThan(4_000)
    bed.server.faults.clear()

    bed.create('a')
    bed.create('b')
    const factory = bed.factory({ drainMs: 60_000 })
    const informer = informerOf(factory)
    let calls = 0
    let closed: Promise<void> | undefined
    informer.addEventHandler({
      onAdd: async () => {
        calls++
        // Waiting for the close inside the call that it would wait for.
        closed = factory.close()
        await closed
      },
    })
    factory.start()
    await until(() => closed !== undefined, 'the handler closes')
    await closed
    expect(calls).toBe(1)
  })

  it('line 11: remove ends one registration and no other', async () => {
    const informer = informerOf(bed.factory())
    const removed: string[] = []
    const kept: string[] = []
    const registration = informer.addEventHandler({
      onAdd: (event) => {
        removed.push(event.name)
        if (event.name === 'm2') void registration.remove()
      },
    })
    informer.addEventHandler({ onAdd: (event) => void kept.push(event.name) })
    await synced(informer)
    for (let i = 0; i < 5; i++) bed.create(`m${i}`)
    await until(() => kept.length === 5, 'the other listener got all')
    expect(removed).toEqual(['m0', 'm1', 'm2'])
    await registration.remove()
  })

  it('line 11: a call that does not end is waited for at most drainMs, and counted', async () => {
    bed.create('a')
    const informer = informerOf(bed.factory({ drainMs: 50 }))
    const registration = informer.addEventHandler({ onAdd: () => new Promise(() => {}) })
    informer.start()
    await until(() => registration.stats().inProgress === 1, 'the call is in progress')
    await registration.remove()
    expect(registration.stats().abandoned).toBe(1)
  })

  it('line 11: stop keeps the cache, start goes on where it was', async () => {
    bed.create('a')
    const informer = informerOf(bed.factory())
    const recorder = new Recorder()
    informer.addEventHandler(recorder.handlers)
    await synced(informer)
    await informer.stop()
    expect(informer.state).toBe('stopped')
    expect(informer.indexer.size).toBe(1)
    bed.create('b')
    await sleep(20)
    expect(informer.indexer.size).toBe(1)
    informer.start()
    await until(() => sameState(recorder.state(), bed.truth()), 'what was missed came')
    // Resumed, not listed anew.
    expect(recorder.log).toEqual(['add a list', 'add b watch'])
    expect(recorder.problems).toEqual([])
  })

  it('line 12: resync gives the cached object again, only to who asked, and asks no server', async () => {
    for (let i = 0; i < 3; i++) bed.create(`m${i}`)
    const informer = informerOf(bed.factory())
    const asked: string[] = []
    const silent: string[] = []
    informer.addEventHandler(
      {
        onUpdate: (event) => {
          expect(event.oldObject).toBe(event.object)
          asked.push(`${event.name} ${event.cause}`)
        },
      },
      { resyncPeriodMs: 40 },
    )
    informer.addEventHandler({ onUpdate: (event) => void silent.push(event.name) })
    await synced(informer)
    const lists = bed.server.stats().lists
    await until(() => asked.length >= 6, 'two resyncs came')
    expect(new Set(asked)).toEqual(new Set(['m0 resync', 'm1 resync', 'm2 resync']))
    expect(silent).toEqual([])
    expect(bed.server.stats().lists).toBe(lists)
  })

  it('a late listener gets the whole cache as adds, and what comes meanwhile', async () => {
    for (let i = 0; i < 300; i++) bed.create(`m${i}`)
    const informer = informerOf(bed.factory())
    const early = new Recorder()
    informer.addEventHandler(early.handlers)
    await synced(informer)
    const late = new Recorder()
    const registration = informer.addEventHandler({
      onAdd: async (event) => {
        late.take(event)
        if (late.log.length % 50 === 0) await sleep(1)
      },
      onUpdate: (event) => late.take(event),
      onDelete: (event) => late.take(event),
    })
    for (let i = 0; i < 300; i += 3) bed.update(`m${i}`, { late: 'yes' })
    for (let i = 1; i < 300; i += 30) bed.delete(`m${i}`)
    await registration.waitForSync({ signal: AbortSignal.timeout(10_000) })
    await until(() => sameState(late.state(), bed.truth()), 'the late listener shows the cache')
    expect(late.problems).toEqual([])
    expect(early.problems).toEqual([])
  })
})

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { filteringResourceEventHandler } from '../../src/index.ts'
import { ContractBed, threadCounts, until } from './contract-bed.ts'

describe.each(threadCounts)('options of a registration, threads: $threads', ({ threads }) => {
  let bed: ContractBed

  beforeEach(async () => {
    bed = await ContractBed.start(threads)
  })
  afterEach(() => bed.end())

  const label = (name: string, app: string): void => {
    bed.server.patch('configmaps', 'default', name, { metadata: { labels: { app } } })
  }

  it('when: only what changes there comes, early and late, and adds up to the cache there', async () => {
    bed.create('a', { key: '1' })
    bed.create('b', { key: '1' })
    const { informer, lister } = bed.factory().core.v1.configmaps
    const told = new Map<string, unknown>()
    const olds: [unknown, unknown][] = []
    const seen: string[] = []
    const listen = (name: string, when: string[] | undefined) =>
      informer.addEventHandler(
        {
          onAdd: ({ key, object }) => void told.set(`${name} ${key}`, object.data),
          onUpdate({ key, object, oldObject }) {
            seen.push(`${name} ${key}`)
            // The data is not what this one asked for.
            if (name !== 'labels') olds.push([oldObject.data, told.get(`${name} ${key}`)])
            told.set(`${name} ${key}`, object.data)
          },
          onDelete: ({ key }) => void told.delete(`${name} ${key}`),
        },
        when && { when },
      )
    const early = listen('early', ['data', 'metadata.ownerReferences'])
    const labels = listen('labels', ['metadata.labels'])
    const all = listen('all', undefined)
    informer.start()
    await all.waitForSync({ signal: AbortSignal.timeout(10_000) })
    const late = listen('late', ['data', 'immutable'])
    await late.waitForSync({ signal: AbortSignal.timeout(10_000) })
    // One by one: merged before main had them, they would be fewer.
    const change = async (what: () => void): Promise<void> => {
      const before = all.stats().delivered
      what()
      await until(() => all.stats().delivered > before, 'the change came')
    }
    await change(() => label('a', 'web'))
    await change(() => label('a', 'db'))
    await change(() => bed.update('a', { key: '2' }))
    await change(() => label('a', 'web'))
    await change(() => bed.delete('b'))
    await until(() => !told.has('late default/b') && !told.has('early default/b'), 'the delete came to all')
    for (const name of ['early', 'late']) {
      expect(told.get(`${name} default/a`)).toEqual(lister.get('default/a')?.data)
      expect(seen.filter((line) => line.startsWith(name))).toHaveLength(1)
    }
    for (const [old, before] of olds) expect(old).toEqual(before)
    expect(early.stats()).toMatchObject({ unchanged: 3, delivered: 4, merged: 0 })
    expect(late.stats()).toMatchObject({ unchanged: 3, delivered: 4 })
    expect(labels.stats()).toMatchObject({ unchanged: 1, delivered: 6 })
    expect(all.stats()).toMatchObject({ unchanged: 0, delivered: 7 })
  })

  it('when: of pods whose status alone changes, however many do, nothing is delivered', async () => {
    bed.server.populate({ resource: 'pods', objects: 30 })
    const { informer } = bed.factory().core.v1.pods
    const registration = informer.addEventHandler(
      { onUpdate() {} },
      { when: ['spec', 'metadata.labels', 'metadata.ownerReferences'] },
    )
    informer.start()
    await registration.waitForSync({ signal: AbortSignal.timeout(10_000) })
    bed.server.startChurn({ resource: 'pods', rate: 1_000, mode: 'updates' })
    await until(() => registration.stats().unchanged > 60, 'updates were kept back')
    bed.server.stopChurn()
    expect(registration.stats()).toMatchObject({ delivered: 30, merged: 0, errors: 0 })
  })

  it('when: refused at once for what is not cached, named', () => {
    const { informer } = bed.factory({ dropFields: ['data.secret'] }).core.v1.configmaps
    const add = (when: string[]) => () => informer.addEventHandler({ onAdd() {} }, { when })
    const refusal = (path: string) =>
      expect.objectContaining({
        code: 'ERR_INVALID_OPTION',
        message: expect.stringContaining(`option when: ${path} is refused: must be cached`),
      })
    expect(add(['data.secret.inner'])).toThrow(refusal('data.secret.inner'))
    expect(add(['data', 'data.secret'])).toThrow(refusal('data.secret'))
    expect(add(['data'])).not.toThrow()
    const kept = bed.factory({ keepFields: ['data'] }).core.v1.configmaps.informer
    expect(() => kept.addEventHandler({ onAdd() {} }, { when: ['immutable'] })).toThrow(refusal('immutable'))
  })

  it('onHandlerError: a registration’s own hears of it, and not the factory’s', async () => {
    bed.create('a')
    const heard: unknown[] = []
    const hear = (who: string) => (error: unknown, context: object) =>
      void heard.push([who, (error as Error).message, context])
    const { informer } = bed.factory({ onHandlerError: hear('factory') }).core.v1.configmaps
    const fail = (message: string) => ({
      onAdd() {
        throw new Error(message)
      },
    })
    const own = informer.addEventHandler(fail('one'), { onHandlerError: hear('own') })
    const other = informer.addEventHandler(fail('other'))
    informer.start()
    for (const registration of [own, other]) {
      await registration.waitForSync({ signal: AbortSignal.timeout(10_000) })
    }
    const context = { resource: 'configmaps', key: 'default/a', handler: 'onAdd' }
    expect(heard).toEqual([
      ['own', 'one', context],
      ['factory', 'other', context],
    ])
    expect(() => informer.addEventHandler(fail(''), { onHandlerError: 'console.error' as never })).toThrow(
      'option onHandlerError',
    )
  })

  it('a filtering handler sees transitions, its types inferred', async () => {
    bed.create('a', { state: 'good' })
    const { informer } = bed.factory().core.v1.configmaps
    const log: string[] = []
    const registration = informer.addEventHandler(
      filteringResourceEventHandler({
        filter: ({ data }) => data?.['state'] === 'bad',
        handler: {
          onAdd: ({ key, object }) => void log.push(`add ${key} ${object.data?.['state']}`),
          onDelete: ({ key, object }) => void log.push(`delete ${key} ${object.data?.['state']}`),
        },
      }),
    )
    informer.start()
    await registration.waitForSync({ signal: AbortSignal.timeout(10_000) })
    expect(log).toEqual([])
    bed.update('a', { state: 'bad' })
    await until(() => log.length === 1, 'it came in')
    bed.update('a', { state: 'good' })
    await until(() => log.length === 2, 'it went out')
    expect(log).toEqual(['add default/a bad', 'delete default/a bad'])
  })
})

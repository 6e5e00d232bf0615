import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { WatchFailure } from '../../src/index.ts'
import { MemorySource } from '../support/memory-source.ts'
import { type ConfigMap, ContractBed, threadCounts, until } from './contract-bed.ts'
import { Recorder } from './recorder.ts'

const moduleUrl = (name: string): URL => new URL(`../support/transforms/${name}.ts`, import.meta.url)
const transform = moduleUrl('scripted')
const signal = (): AbortSignal => AbortSignal.timeout(10_000)

describe.each(threadCounts)('a transform in the worker, threads: $threads', ({ threads }) => {
  let bed: ContractBed

  beforeEach(async () => {
    bed = await ContractBed.start(threads)
  })
  afterEach(() => bed.end())

  function maps(options: object = {}) {
    const { informer, lister } = bed.factory({ transform, ...options }).core.v1.configmaps
    return { informer, lister, data: (name: string) => lister.get(`default/${name}`)?.data }
  }

  it.each([{ hasWatchList: true }, { hasWatchList: false }])(
    'sees every object whole, of lists and events alike, before fields and columns: %j',
    async ({ hasWatchList }) => {
      bed.server.hasWatchList = hasWatchList
      bed.create('a', { secret: 'abc', kept: 'x', dropped: 'y' })
      const { informer, data } = maps({ dropFields: ['data.dropped'] })
      const deleted: unknown[] = []
      informer.addEventHandler({ onDelete: ({ object }) => void deleted.push(object.data) })
      await informer.addIndexers({ byMade: 'data.made' })
      informer.start()
      await informer.waitForSync({ signal: signal() })
      const made = { kept: 'x', made: 'v1 ConfigMap', length: 3 }
      expect(data('a')).toEqual(made)
      bed.create('b', { secret: 'abcd', kept: 'x', dropped: 'y' })
      await until(() => data('b') !== undefined, 'b is there')
      expect(data('b')).toEqual({ ...made, length: 4 })
      for (const name of ['a', 'b']) {
        expect(informer.indexer.get(`default/${name}`)).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' })
      }
      expect(informer.indexer.byIndex('byMade', 'v1 ConfigMap').size).toBe(2)
      bed.delete('b')
      await until(() => deleted.length === 1, 'b is gone')
      expect(deleted).toEqual([{ ...made, length: 4 }])
      expect(informer.health().refused).toEqual([])
    },
  )

  it('that fails costs one object its newest state, until a newer one', async () => {
    const faults = {
      throw: 'threw',
      bare: 'threw',
      unprintable: 'threw',
      proxy: 'threw',
      getter: 'threw',
      late: 'without JSON',
      reject: 'promise',
      nothing: 'type undefined',
      text: 'type string',
      rename: 'metadata.name',
      age: 'metadata.resourceVersion',
      replace: 'metadata.uid',
      substitute: 'toJSON',
      disguise: 'toJSON',
      inherit: 'metadata.name',
      grow: 'frameBytesMax',
      number: 'without JSON',
    } as const
    const kinds = Object.keys(faults) as (keyof typeof faults)[]
    const label = (name: string, what: string | null, data = {}) =>
      bed.server.patch('configmaps', 'default', name, { metadata: { labels: { do: what } }, data })
    bed.create('good', { i: '1' })
    for (const kind of kinds) {
      bed.create(`bad-${kind}`, { i: '1' })
      bed.create(`never-${kind}`, {}, { do: kind })
    }
    const { informer, data } = maps({ frameBytesMax: 100_000 })
    const recorder = new Recorder()
    informer.addEventHandler(recorder.handlers as object)
    informer.start()
    await informer.waitForSync({ signal: signal() })
    expect(informer.indexer.size).toBe(1 + kinds.length)
    for (const kind of kinds) label(`bad-${kind}`, kind, { i: '2' })
    bed.update('good', { i: '2' })
    await until(() => data('good')?.['i'] === '2', 'the stream goes on')
    const { refused } = informer.health()
    expect(refused).toHaveLength(2 * kinds.length)
    const truth = bed.truth()
    for (const { error, key, resourceVersion } of refused) {
      const kind = (key as string).replace(/.*-/, '') as keyof typeof faults
      expect(error).toMatchObject({ code: 'ERR_TRANSFORM', message: expect.stringContaining(faults[kind]) })
      expect(truth.get(key as string)).toMatch(new RegExp(`@${resourceVersion}$`))
      // Its last good state, if it ever had one.
      expect(data((key as string).slice('default/'.length))?.['i']).toBe(
        key?.includes('bad') ? '1' : undefined,
      )
    }
    for (const kind of kinds) label(`bad-${kind}`, null)
    await until(() => kinds.every((kind) => data(`bad-${kind}`)?.['i'] === '2'), 'they are taken again')
    expect(informer.health().refused.some(({ key }) => key?.includes('bad'))).toBe(false)
    // An end that it fails on is an end all the same.
    for (const kind of kinds) {
      label(`bad-${kind}`, kind)
      bed.delete(`bad-${kind}`)
      bed.delete(`never-${kind}`)
    }
    await until(() => recorder.state().size === 1, 'the ends are told')
    expect(recorder.problems).toEqual([])
    await informer.stop()
    expect(informer.health().refusedTotal).toBe(3 * kinds.length)
    expect(informer.stats().watch).toMatchObject({ relists: 0, reconnects: 0 })
  })

  it('is checked by what is written: a member that wavers cannot change who an object is', async () => {
    bed.create('a', {}, { do: 'waver' })
    const [created] = bed.server.list('configmaps')
    const { informer } = maps()
    informer.start()
    await informer.waitForSync({ signal: signal() })
    expect(informer.indexer.get('default/a')?.metadata.uid).toBe(created?.metadata.uid)
    expect(informer.health().refused).toEqual([])
  })

  it('may make what a record holds as JSON text only', async () => {
    bed.create('deep', {}, { do: 'nest' })
    const { informer, data } = maps()
    informer.start()
    await informer.waitForSync({ signal: signal() })
    expect(JSON.stringify(data('deep')?.['made'])).toBe(`${'['.repeat(100)}"deep"${']'.repeat(100)}`)
  })

  it('is the factory’s, or the resource’s own, or none; equal ones are one handle', async () => {
    bed.create('a', { secret: 'abc' })
    const factory = bed.factory({ transform })
    const { configmaps, secrets } = factory.core.v1
    const plain = configmaps.select({ transform: false })
    expect(configmaps.select({ transform: transform.href })).toBe(configmaps)
    expect(plain).not.toBe(configmaps)
    expect(plain.select({ transform })).toBe(configmaps)
    expect(secrets.select({ transform: moduleUrl('failing') })).not.toBe(secrets)
    configmaps.informer.start()
    plain.informer.start()
    await factory.waitForCacheSync({ signal: signal() })
    expect(configmaps.lister.get('default/a')?.data).not.toHaveProperty('secret')
    expect(plain.lister.get('default/a')?.data).toEqual({ secret: 'abc' })
  })

  it('takes what a source gives', async () => {
    const source = new MemorySource()
    source.put('a', { secret: 'abc' })
    const factory = bed.factory()
    const { informer } = factory.forListerWatcher<ConfigMap>({
      name: 'things',
      listerWatcher: source,
      transform,
    })
    informer.start()
    await informer.waitForSync({ signal: signal() })
    source.put('b', { secret: 'abcd' })
    await until(() => informer.indexer.size === 2, 'both are there')
    expect(informer.indexer.get('default/a')?.data).toMatchObject({ length: 3 })
    expect(informer.indexer.get('default/b')?.data).toMatchObject({ length: 4 })
  })

  it.each([
    ['failing', 'as asked'],
    ['no-function', 'default export'],
  ])(
    'whose module cannot be used (%s) is retried in sight, and asks the server nothing',
    async (name, message) => {
      const { informer } = maps({ transform: moduleUrl(name) })
      informer.start()
      await until(() => informer.health().attempt > 1, 'it tries again')
      expect(informer.state).toBe('retrying')
      expect(informer.lastError).toMatchObject({
        code: 'ERR_TRANSFORM_LOAD',
        message: expect.stringContaining(message),
      })
      await informer.stop()
      expect(informer.state).toBe('stopped')
      const { lists, watches } = bed.server.stats()
      expect([lists, watches]).toEqual([0, 0])
    },
  )
})

describe('what a transform leaves behind', () => {
  let bed: ContractBed

  beforeEach(async () => {
    bed = await ContractBed.start(1)
  })
  afterEach(() => bed.end())

  async function synced() {
    const failures: WatchFailure[] = []
    bed.create('a')
    const { informer, lister } = bed.factory({ transform: moduleUrl('stray') }).core.v1.configmaps
    informer.onWatchError((failure) => void failures.push(failure))
    informer.start()
    await informer.waitForSync({ signal: signal() })
    return { informer, lister, failures }
  }

  it.each(['reject', 'reject-async', 'timer'])('is told, and ends no thread: %s', async (kind) => {
    const { informer, lister, failures } = await synced()
    for (const name of ['b', 'c']) bed.create(name, {}, { do: kind })
    await until(() => failures.length > 0 && lister.list().size === 3, 'it is told')
    bed.create('d')
    await until(() => lister.get('default/d') !== undefined, 'the watch goes on')
    expect(failures).toMatchObject([
      {
        attempt: 0,
        error: {
          code: 'ERR_TRANSFORM',
          message: expect.stringContaining('the transform left a'),
          cause: { message: expect.stringContaining('a late') },
        },
      },
    ])
    expect(informer.stats()).toMatchObject({ workerRestarts: 0, watch: { relists: 0, reconnects: 0 } })
    expect(informer.health()).toMatchObject({ state: 'watching', refused: [] })
  })

  it.each(['engine', 'engine-reject'])('ends the thread if it may be the engine’s: %s', async (kind) => {
    const { informer } = await synced()
    bed.create('b', {}, { do: kind })
    await until(() => informer.stats().workerRestarts > 0, 'the thread is replaced')
    bed.delete('b')
  })
})

it('a module that comes back is loaded', async () => {
  const bed = await ContractBed.start(1)
  const directory = mkdtempSync(join(tmpdir(), 'kube-informer-'))
  try {
    const file = join(directory, 'late.mjs')
    writeFileSync(file, '')
    bed.create('a')
    const { informer } = bed.factory({ transform: pathToFileURL(file) }).core.v1.configmaps
    rmSync(file)
    informer.start()
    await until(() => informer.lastError?.code === 'ERR_TRANSFORM_LOAD', 'it is missed')
    writeFileSync(file, 'export default (object) => ({ ...object, data: { late: "yes" } })')
    await informer.waitForSync({ signal: signal() })
    expect(informer.indexer.get('default/a')?.data).toEqual({ late: 'yes' })
    expect(informer.health()).toMatchObject({ state: 'watching', attempt: 0 })
  } finally {
    await bed.end()
    rmSync(directory, { recursive: true })
  }
})

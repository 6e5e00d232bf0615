import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { threadCounts } from '../contract/contract-bed.ts'
import { cached } from '../contract/recorder.ts'
import { until } from '../support/until.ts'
import { WarmBed } from './warm-bed.ts'

describe.each(threadCounts)('a start from a snapshot, threads: $threads', ({ threads }) => {
  let warm: WarmBed

  beforeEach(async () => {
    warm = await WarmBed.start(threads)
  })
  afterEach(() => warm.end())

  it('has the cache before the first byte of the network, then what happened meanwhile, and never lists', async () => {
    await warm.saved()
    warm.change()
    await warm.bed.server.stopListening()
    const life = warm.begin()
    await until(() => life.recorder.log.length === 50, 'every object of the file was handled')
    expect(new Set(life.recorder.log.map((line) => line.replace(/-\d+/, '')))).toEqual(
      new Set(['add object list']),
    )
    expect(life.informer.indexer.size).toBe(50)
    expect(life.informer.hasSynced()).toBe(false)
    await warm.bed.server.startListening()
    await life.synced()
    await life.settled()
    expect(life.recorder.log.slice(50).sort()).toEqual([
      'add object-3 watch',
      'add object-new watch',
      'delete object-2 watch',
      'delete object-3 watch',
      'update object-1 watch',
    ])
    expect(life.informer.health()).toMatchObject({ warmStart: 'loaded', hasSynced: true })
    await life.informer.stop()
    expect(life.informer.stats().watch).toMatchObject({ lists: 0, relists: 0 })
    expect(warm.warnings).toEqual([])
  })

  it('has synced without a word of the server when nothing happened', async () => {
    await warm.saved(3)
    const life = warm.begin()
    await life.synced()
    await life.settled()
    expect(life.recorder.log.length).toBe(3)
  })

  it('lists when the history is gone, and tells the difference alone', async () => {
    await warm.saved()
    warm.change()
    warm.bed.server.compact()
    const life = warm.begin()
    await life.synced()
    // Not as old as the file: a 410 comes behind the headers of a success.
    expect(cached(life.informer)).toEqual(warm.bed.truth())
    await life.settled()
    expect(life.recorder.log.slice(50).sort()).toEqual([
      'add object-3 list',
      'add object-new list',
      'delete object-2 unknown list',
      'delete object-3 unknown list',
      'update object-1 list',
    ])
    await life.informer.stop()
    expect(life.informer.stats().watch.lists).toBe(1)
  })

  it('serves several resources from a file each', async () => {
    const { server } = warm.bed
    for (let i = 0; i < 10; i++) {
      warm.bed.create(`map-${i}`)
      server.create('secrets', { metadata: { name: `secret-${i}`, namespace: 'default' } })
    }
    const files = [join(warm.folder, 'a'), join(warm.folder, 'b')] as const
    const first = warm.bed.factory()
    const { configmaps, secrets } = first.core.v1
    void [configmaps.informer, secrets.informer]
    first.start()
    await first.waitForCacheSync({ signal: AbortSignal.timeout(10_000) })
    await configmaps.informer.saveSnapshot(files[0])
    await secrets.informer.saveSnapshot(files[1], { includeSecrets: true })
    await first.close()
    server.delete('secrets', 'default', 'secret-3')
    const second = warm.bed.factory()
    const { v1 } = second.core
    // The same informers as without the file.
    const maps = v1.configmaps.informer
    expect(v1.configmaps.select({ warmStart: files[0] }).informer).toBe(maps)
    const kept = v1.secrets.select({ warmStart: files[1] }).informer
    second.start()
    await second.waitForCacheSync({ signal: AbortSignal.timeout(10_000) })
    await until(() => kept.indexer.size === 9, 'the deleted one is gone')
    expect(maps.indexer.size).toBe(10)
    await second.close()
    expect([maps, kept].map((informer) => informer.stats().watch.lists)).toEqual([0, 0])
  })
})

describe('lives of a program that begins with a snapshot', () => {
  let warm: WarmBed

  beforeEach(async () => {
    warm = await WarmBed.start(0)
  })
  afterEach(() => warm.end())

  it('notices before it counts as synced that the server went back', async () => {
    await warm.saved(20)
    warm.bed.server.restore(warm.bed.server.version - 10)
    const life = warm.begin()
    await life.synced()
    expect(cached(life.informer)).toEqual(warm.bed.truth())
    expect(life.recorder.state()).toEqual(warm.bed.truth())
    await life.informer.stop()
    expect(life.informer.stats().watch.lists).toBe(1)
  })

  it('is right over many lives, and forgets the dictionaries of early ones', async () => {
    await warm.saved()
    for (let round = 0; round < 6; round++) {
      const life = warm.begin()
      // An event tells at once what silence would tell after a while.
      warm.bed.update(`object-${round}`, { round: String(round), [`key-${round}`]: 'x'.repeat(50) })
      warm.bed.create(`round-${round}`, { [`other-${round}`]: 'y' })
      await life.synced()
      await life.settled()
      await until(() => life.informer.stats().epochs <= 4, 'old dictionaries are gone')
      await life.informer.saveSnapshot(warm.file)
      await life.end()
    }
    const life = warm.begin()
    await life.settled()
    expect(life.informer.indexer.get('default/object-5')?.data).toMatchObject({ round: '5' })
  })

  it('stopped and started while it loads, it is the same cache', async () => {
    await warm.saved(500)
    const life = warm.begin()
    for (let i = 0; i < 10; i++) {
      const stopped = life.informer.stop()
      life.informer.start()
      await stopped
      await new Promise((resolve) => setImmediate(resolve))
    }
    await life.synced()
    await life.settled()
  })

  it('a worker that dies before the server spoke goes on from the file', async () => {
    await warm.saved()
    await warm.bed.server.stopListening()
    const life = warm.begin()
    await until(() => life.recorder.log.length === 50, 'the file was applied')
    await life.informer.stop()
    warm.change()
    await warm.bed.server.startListening()
    life.informer.start()
    await life.synced()
    await life.settled()
    await life.informer.stop()
    expect(life.informer.stats().watch.lists).toBe(0)
  })

  it('without the file it starts cold, and says nothing', async () => {
    warm.bed.create('one')
    const life = warm.begin()
    await life.synced()
    expect(life.informer.health().warmStart).toBe('missing')
    expect(warm.warnings).toEqual([])
  })
})

describe('what is no snapshot of this informer', () => {
  let warm: WarmBed

  beforeEach(async () => {
    warm = await WarmBed.start(0)
  })
  afterEach(() => warm.end())

  async function refusedBecause(life: ReturnType<WarmBed['begin']>): Promise<unknown> {
    await life.informer.waitForSync({ signal: AbortSignal.timeout(10_000) })
    await until(() => warm.warnings.length > 0, 'a warning')
    expect(life.informer.health().warmStart).toBe('refused')
    expect(life.informer.stats().watch.lists + 1).toBeGreaterThan(0)
    const [warning] = warm.warnings.splice(0)
    expect(warning).toMatchObject({ code: 'ERR_WARM_START', facts: { resource: 'configmaps' } })
    return warning?.facts.reason
  }

  it('goes to the logger where there is one', async () => {
    await warm.saved(5)
    const lines: string[] = []
    const write = (_facts: object, text: string): number => lines.push(text)
    const logger = { debug() {}, info() {}, warn: write, error: write }
    const life = warm.begin({ warmStart: warm.file, labelSelector: 'a=b' }, { logger })
    await life.informer.waitForSync({ signal: AbortSignal.timeout(10_000) })
    expect(lines).toEqual(['configmaps: starts cold: its snapshot is not used'])
    expect(warm.warnings).toEqual([])
  })

  it('another selection, other fields, other indices, another server', async () => {
    await warm.saved(5)
    const { file } = warm
    expect(await refusedBecause(warm.begin({ warmStart: file, labelSelector: 'a=b' }))).toBe('foreign')
    expect(await refusedBecause(warm.begin({ warmStart: file, namespace: 'default' }))).toBe('foreign')
    expect(await refusedBecause(warm.begin({ warmStart: file, keepFields: ['data'] }))).toBe('foreign')
    const factory = warm.bed.factory()
    const { informer } = factory.core.v1.configmaps.select({ warmStart: file })
    await informer.addIndexers({ byText: 'data.text' })
    factory.start()
    await informer.waitForSync({ signal: AbortSignal.timeout(10_000) })
    expect(informer.health().warmStart).toBe('refused')
    expect(informer.indexer.byIndex('byText', 'the same').size).toBe(5)
    warm.warnings.length = 0
    const other = await WarmBed.start(0)
    try {
      other.bed.create('elsewhere')
      const life = other.begin({ warmStart: file })
      await life.synced()
      await life.settled()
      expect(other.warnings.map(({ facts }) => facts.reason)).toEqual(['foreign'])
    } finally {
      await other.end()
    }
  })

  it('a file that others may write, or that is none', async () => {
    await warm.saved(5)
    expect(statSync(warm.file).mode & 0o777).toBe(0o600)
    chmodSync(warm.file, 0o622)
    expect(await refusedBecause(warm.begin())).toBe('permissions')
    expect(await refusedBecause(warm.begin({ warmStart: warm.folder }))).toBe('unreadable')
    writeFileSync(join(warm.folder, 'text'), '{"kind":"List"}', { mode: 0o600 })
    expect(await refusedBecause(warm.begin({ warmStart: join(warm.folder, 'text') }))).toBe('format')
  })

  it('a file cut short, or changed in a byte, changes nothing', async () => {
    await warm.saved(5)
    const whole = readFileSync(warm.file)
    writeFileSync(warm.file, whole.subarray(0, whole.length - 1))
    const cut = warm.begin()
    expect(await refusedBecause(cut)).toBe('damaged')
    await cut.settled()
    const changed = Buffer.from(whole)
    changed[whole.length >> 1] = (changed[whole.length >> 1] as number) ^ 1
    writeFileSync(warm.file, changed)
    const life = warm.begin()
    expect(await refusedBecause(life)).toBe('damaged')
    await life.settled()
    expect(life.recorder.log.length).toBe(5)
  })

  it('one shared informer begins with one file, said before its start', async () => {
    const { configmaps } = warm.bed.factory().core.v1
    configmaps.select({ warmStart: 'a' })
    configmaps.select({ warmStart: 'a' })
    expect(() => configmaps.select({ warmStart: 'b' })).toThrow('option warmStart: b is refused')
    expect(() => configmaps.select({ warmStart: '' })).toThrow('option warmStart')
    expect(() => Reflect.apply(configmaps.select, configmaps, [{ warmStart: 3 }])).toThrow('option warmStart')
    const { informer } = configmaps.select({ namespace: 'default' })
    informer.start()
    await informer.waitForSync({ signal: AbortSignal.timeout(10_000) })
    const late = (): unknown => configmaps.select({ namespace: 'default', warmStart: 'c' })
    expect(late).toThrow('has been started already')
    expect(() =>
      Reflect.apply(configmaps.selectNamespaces, configmaps, [['default'], { warmStart: 'd' }]),
    ).toThrow('option warmStart')
  })
})

describe('what cannot be saved', () => {
  let warm: WarmBed

  beforeEach(async () => {
    warm = await WarmBed.start(0)
  })
  afterEach(() => warm.end())

  it('says why, and leaves the old file', async () => {
    writeFileSync(warm.file, 'old')
    const factory = warm.bed.factory()
    const { configmaps, secrets } = factory.core.v1
    const { informer } = configmaps
    await expect(informer.saveSnapshot(warm.file)).rejects.toMatchObject({
      code: 'ERR_SNAPSHOT',
      facts: { reason: 'not-synced' },
    })
    void secrets.informer
    factory.start()
    await factory.waitForCacheSync({ signal: AbortSignal.timeout(10_000) })
    await expect(secrets.informer.saveSnapshot(warm.file)).rejects.toMatchObject({
      code: 'ERR_INVALID_OPTION',
      facts: { option: 'includeSecrets' },
    })
    const aborted = informer.saveSnapshot(warm.file, { signal: AbortSignal.abort('enough') })
    await expect(aborted).rejects.toMatchObject({ facts: { reason: 'aborted' }, cause: 'enough' })
    const nowhere = informer.saveSnapshot(join(warm.folder, 'none', 'file'))
    await expect(nowhere).rejects.toMatchObject({ code: 'ERR_SNAPSHOT', facts: { reason: 'io' } })
    await expect(informer.saveSnapshot('')).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' })
    const closing = informer.saveSnapshot(warm.file)
    const closed = factory.close()
    await expect(closing).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await closed
    await expect(informer.saveSnapshot(warm.file)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    expect(readFileSync(warm.file, 'utf8')).toBe('old')
    expect(readdirSync(warm.folder)).toEqual(['configmaps.snapshot'])
  })

  it('a list that begins meanwhile ends it', async () => {
    for (let i = 0; i < 2_000; i++) warm.bed.create(`object-${i}`, { text: 'x'.repeat(2_000) })
    const life = warm.begin({}, { sliceMs: 1 })
    await life.synced()
    warm.bed.server.triggerRelist()
    await until(() => life.informer.state === 'relisting', 'it lists anew')
    // The list may be over, or begin, at any moment of the save: it is right, or there is none.
    const saved = await life.informer.saveSnapshot(warm.file).then(
      () => true,
      (error: { readonly facts: { readonly reason: string } }) => error.facts.reason,
    )
    expect([true, 'listing']).toContain(saved)
    expect(existsSync(warm.file)).toBe(saved === true)
    await life.settled()
    await until(() => life.informer.saveSnapshot(warm.file).then(() => true), 'the list is over')
  })

  it('leaves out what was refused, and names it again', async () => {
    const options = { frameBytesMax: 64 * 1024 }
    warm.bed.create('small', { text: 'small' })
    warm.bed.create('grows', { text: 'small' })
    const life = warm.begin({}, options)
    await life.synced()
    warm.bed.update('grows', { text: 'x'.repeat(100_000) })
    await until(() => life.informer.health().refused.length === 1, 'the large one is refused')
    warm.bed.update('small', { text: 'other' })
    await until(() => life.informer.indexer.get('default/small')?.data?.['text'] === 'other', 'it goes on')
    await life.informer.saveSnapshot(warm.file)
    await life.end()
    const next = warm.begin({ warmStart: warm.file }, options)
    await next.informer.waitForSync({ signal: AbortSignal.timeout(10_000) })
    expect(next.informer.indexer.list().map(({ metadata }) => metadata.name)).toEqual(['small'])
    expect(next.informer.health().refused.map(({ key }) => key)).toEqual(['default/grows'])
    warm.bed.update('grows', { text: 'small again' })
    await next.settled()
    expect(next.informer.health().refused).toEqual([])
  })
})

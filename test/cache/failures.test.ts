import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Config, Controller, DeltaFIFO, newInformer, Reflector } from '../../src/index.ts'
import { FakeClock, FakeControllerSource } from '../../src/testing/index.ts'
import { type Thing, thing } from './cache-support.ts'

const fail = (message: string) => (): never => {
  throw new Error(message)
}

describe('without onError', () => {
  const warnings: Error[] = []
  const take = (warning: Error): void => void warnings.push(warning)
  beforeEach(() => {
    process.on('warning', take)
    warnings.length = 0
  })
  afterEach(() => process.off('warning', take))

  /** Warnings are emitted in the next tick. */
  const news = async (clock: FakeClock): Promise<string[]> => {
    await clock.settle()
    await new Promise((resolve) => setImmediate(resolve))
    for (const warning of warnings) expect(warning).toMatchObject({ code: 'KUBE_INFORMER_HANDLER_ERROR' })
    return warnings.splice(0).map(({ message }) => message)
  }

  function controllerOf(config: Partial<Config<Thing>>) {
    const clock = new FakeClock()
    const source = new FakeControllerSource<Thing>()
    const queue = new DeltaFIFO<Thing>()
    const controller = new Controller<Thing>({
      queue,
      listerWatcher: source,
      runtime: clock,
      process: fail('no'),
      ...config,
    })
    return { clock, source, controller, stop: new AbortController() }
  }

  test('what process throws is a warning, once a minute, and counted', async () => {
    const { clock, source, controller, stop } = controllerOf({})
    source.add(thing('web/a'))
    source.add(thing('web/b'))
    const running = controller.run({ signal: stop.signal })
    expect(await news(clock)).toEqual(['process failed for web/a: no'])
    expect(controller.stats()).toMatchObject({ failed: 2, lastError: new Error('no') })
    await clock.advance(60_000)
    source.modify(thing('web/b'))
    expect(await news(clock)).toEqual(['process failed for web/b: no (and 1 times since the last warning)'])
    stop.abort()
    await running
  })

  test('and names no key where the object has none', async () => {
    const queue = new DeltaFIFO<Thing>({ keyFunc: () => 'k', transform: () => ({}) as Thing })
    const { clock, source, controller, stop } = controllerOf({ queue })
    source.add(thing('a'))
    const running = controller.run({ signal: stop.signal })
    expect(await news(clock)).toEqual(['process failed: no'])
    stop.abort()
    await running
  })

  test('a failing list is no warning, but counted, and stays the last error', async () => {
    const { clock, source, controller, stop } = controllerOf({ process: () => {} })
    expect(controller.stats()).toMatchObject({ failed: 0, lastError: undefined })
    source.listError = Object.assign(new Error('no'), { code: 403 })
    const running = controller.run({ signal: stop.signal })
    expect(await news(clock)).toEqual([])
    expect(controller.stats()).toMatchObject({ failed: 1, lastError: { code: 'ERR_FORBIDDEN' } })
    source.listError = undefined
    await clock.advance(60_000)
    source.add(thing('a'))
    await clock.settle()
    expect(controller.stats()).toMatchObject({ state: 'watching', lastError: { code: 'ERR_FORBIDDEN' } })
    stop.abort()
    await running
  })

  test('a Reflector alone counts them, too', async () => {
    const clock = new FakeClock()
    const source = new FakeControllerSource<Thing>()
    const store = new DeltaFIFO<Thing>({ keyFunc: fail('no key') })
    const reflector = new Reflector<Thing>({ listerWatcher: source, store, runtime: clock })
    const stop = new AbortController()
    const running = reflector.run({ signal: stop.signal })
    await clock.settle()
    source.add(thing('a'))
    expect(await news(clock)).toEqual([])
    expect(reflector.stats()).toMatchObject({ failed: 1, lastError: new Error('no key') })
    stop.abort()
    await running
  })

  test('callbacks of newInformer and its index functions warn each for itself', async () => {
    const clock = new FakeClock()
    const source = new FakeControllerSource<Thing>()
    const { controller, store } = newInformer<Thing>({
      listerWatcher: source,
      runtime: clock,
      indexers: { broken: fail('index') },
      handler: {
        onAdd: fail('add'),
        onUpdate: () => Promise.reject(new Error('update')),
        onDelete: fail('delete'),
      },
    })
    const stop = new AbortController()
    source.add(thing('a'))
    source.add(thing('b'))
    const running = controller.run({ signal: stop.signal })
    await clock.settle()
    source.modify(thing('a'))
    source.delete(thing('a'))
    expect(await news(clock)).toEqual([
      'index failed for a: index',
      'onAdd failed for a: add',
      'onUpdate failed for a: update',
      'onDelete failed for a: delete',
    ])
    expect(controller.stats()).toMatchObject({ failed: 7, lastError: new Error('delete') })
    expect(store.listKeys()).toEqual(['b'])
    stop.abort()
    await running
  })

  test('with onError there is no warning, and the count is the same', async () => {
    const told: string[] = []
    const onError: Config<Thing>['onError'] = (error, stage) =>
      told.push(`${stage} ${(error as Error).message}`)
    const { clock, source, controller, stop } = controllerOf({ onError })
    source.add(thing('a'))
    const running = controller.run({ signal: stop.signal })
    expect([await news(clock), told, controller.stats().failed]).toEqual([[], ['process no'], 1])
    stop.abort()
    await running
  })
})

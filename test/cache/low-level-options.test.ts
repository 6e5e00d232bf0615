import { expect, test } from 'vitest'
import { Controller, DeltaFIFO, newInformer, Reflector } from '../../src/index.ts'
import { FakeControllerSource } from '../../src/testing/index.ts'

const listerWatcher = new FakeControllerSource()
const right = {
  controller: { queue: new DeltaFIFO(), listerWatcher, process: () => {} },
  informer: { listerWatcher, handler: {} },
  fifo: {},
  reflector: { listerWatcher, store: new DeltaFIFO() },
  source: {},
}

/** As a caller without a compiler may write the options. */
const make: Readonly<Record<keyof typeof right, (options: never) => unknown>> = {
  controller: (options) => new Controller(options),
  informer: (options) => newInformer(options),
  fifo: (options) => new DeltaFIFO(options),
  reflector: (options) => new Reflector(options),
  source: (options) => new FakeControllerSource(options),
}

test.each<[keyof typeof right, string, unknown, string]>([
  ['controller', 'queue', undefined, 'pop'],
  ['controller', 'queue', { pop: () => {} }, 'it lacks add'],
  ['controller', 'process', undefined, 'must be a function'],
  ['controller', 'process', 'x', 'type string'],
  ['controller', 'listerWatcher', undefined, 'must be an object with list, watch'],
  ['controller', 'listerWatcher', { list: () => {} }, 'it lacks watch'],
  ['controller', 'fullResyncPeriodMs', -1, '-1 is refused: must be a whole number from 0'],
  ['controller', 'fullResyncPeriodMs', '30s', 'type string'],
  ['controller', 'resyncPeriodMs', 1, 'known are'],
  ['controller', 'retryOnError', 1, 'must be a boolean'],
  ['controller', 'shouldResync', true, 'must be a function'],
  ['controller', 'onError', 'log', 'must be a function'],
  ['controller', 'timing', 5, 'silenceMs'],
  ['controller', 'runtime', {}, 'setTimer'],
  ['informer', 'listerWatcher', null, 'type null'],
  ['informer', 'handler', undefined, 'onAdd'],
  ['informer', 'handler.onAdd', { onAdd: 1 }, 'must be a function'],
  ['informer', 'handler.onAdded', { onAdded: () => {} }, 'known are onAdd'],
  ['informer', 'resyncPeriodMs', 0.5, '0.5'],
  ['informer', 'fullResyncPeriodMs', 1, 'no such option'],
  ['informer', 'transform', {}, 'must be a function'],
  ['informer', 'freeze', 'yes', 'must be a boolean'],
  ['fifo', 'countMax', 0, 'from 1'],
  ['fifo', 'knownObject', {}, 'known are keyFunc, knownObjects'],
  ['fifo', 'knownObjects', new Map(), 'listKeys'],
  ['fifo', 'keyFunc', 'name', 'must be a function'],
  ['fifo', 'emitDeltaTypeReplaced', 0, 'must be a boolean'],
  ['reflector', 'store', undefined, 'replace'],
  ['reflector', 'resyncPeriodMs', -1, '-1'],
  ['reflector', 'listerWatcher', () => {}, 'it lacks list, watch'],
  ['reflector', 'onErorr', () => {}, 'known are'],
  ['source', 'random', 4, 'must be a function'],
  ['source', 'seed', 4, 'known are random'],
])('%s: a wrong %s is refused at construction: %j', (what, option, value, message) => {
  const options = { ...right[what], [option.split('.')[0] as string]: value }
  expect(() => make[what](options as never)).toThrow(
    expect.objectContaining({
      code: 'ERR_INVALID_OPTION',
      facts: { option },
      message: expect.stringContaining(message),
    }),
  )
})

test.each(Object.keys(make) as (keyof typeof right)[])(
  '%s: no object at all is refused, undefined members are not there',
  (what) => {
    expect(() => make[what]([] as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', facts: { option: 'options' } }),
    )
    expect(make[what]({ ...right[what], timing: undefined, unknown: undefined } as never)).toBeDefined()
  },
)

test('a handler may be of a class, with methods and members of its own', () => {
  class Handler {
    readonly once = new Set<string>()
    onAdd(): void {}
    onlyOurs(): void {}
  }
  expect(newInformer({ listerWatcher, handler: new Handler() })).toBeDefined()
})

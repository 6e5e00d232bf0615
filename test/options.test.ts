import { afterAll, expect, test } from 'vitest'
import {
  createEngine,
  createInformerFactory,
  type InformerFactoryOptions,
  type SelectOptions,
} from '../src/index.ts'
import { defaultTiming, timingOf } from '../src/reflector/timing.ts'

/** As a caller without a compiler may write them. */
const wrong = (options: object): InformerFactoryOptions => options

const server = 'http://127.0.0.1:1'

test.each<[string, InformerFactoryOptions, string]>([
  ['threads', { threads: -1 }, '-1'],
  ['sliceMs', { sliceMs: 1.5 }, '1.5'],
  ['keepFields', { dropFields: ['spec'], keepFields: ['status'] }, 'status'],
  ['thread', wrong({ thread: 1 }), 'known are threads'],
  ['threads', wrong({ threads: '4' }), 'type string'],
  ['options', wrong([1]), 'type array'],
  ['timing', wrong({ timing: 5_000 }), 'silenceMs'],
  ['namespace', wrong({ namespace: ['web'] }), 'must be a string'],
  ['workerUrl', wrong({ workerUrl: './worker.js' }), 'must be a URL'],
  ['compression', wrong({ compression: 'gzip' }), 'must be one of none, lists, all'],
  ['workerUrl', { workerUrl: new URL('./no-such-worker.js', import.meta.url) }, 'docs/bundling.md'],
  ['onHandlerError', wrong({ onHandlerError: 'log' }), 'must be a function'],
  ['transform', wrong({ transform: (object: object) => object }), 'URL of a module'],
  ['transform', { transform: './strip.js' }, 'import.meta.url'],
  ['transform', { transform: 'https://example.com/strip.js' }, 'import.meta.url'],
  ['transform', { transform: new URL('./no-such-transform.js', import.meta.url) }, 'no such file'],
  ['engine', wrong({ engine: { stats() {}, close() {} } }), 'createEngine()'],
])('a wrong %s is refused at construction: %j', (option, options, message) => {
  expect(() => createInformerFactory(options)).toThrow(
    expect.objectContaining({
      code: 'ERR_INVALID_OPTION',
      facts: { option },
      message: expect.stringContaining(message),
    }),
  )
})

test.each<[string, object]>([
  ['token', { token: 'secret' }],
  ['kubeConfig', { kubeConfig: 'secret' }],
  ['kubeConfig', { kubeConfig: ['secret'] }],
  ['kubeConfig.sever', { kubeConfig: { sever: server, token: 'secret' } }],
  ['kubeConfig.Token', { kubeConfig: { server, Token: 'secret' } }],
  ['kubeConfig.file', { kubeConfig: { file: { secret: 'secret' } } }],
  ['kubeConfig.token', { kubeConfig: { server, token: ['secret'] } }],
  ['kubeConfig.key', { kubeConfig: { server, cert: '-----BEGIN ', key: Buffer.from('secret') } }],
  ['kubeConfig.insecureSkipTlsVerify', { kubeConfig: { server, insecureSkipTlsVerify: 'secret' } }],
  ['workerUrl', { workerUrl: 'secret' }],
  ['namespace', { namespace: { token: 'secret' } }],
])('a wrong %s is named, its value is not: it may be a secret in the wrong place', (option, options) => {
  expect(() => createInformerFactory(options)).toThrow(
    expect.objectContaining({
      code: 'ERR_INVALID_OPTION',
      facts: { option },
      message: expect.not.stringContaining('secret'),
    }),
  )
})

const factory = createInformerFactory({ kubeConfig: { server }, threads: 0 })
afterAll(() => factory.close())

test('what an engine has is refused beside one, and what a factory has by one', async () => {
  const engine = createEngine({ threads: 0 })
  const refused = (option: string) =>
    expect.objectContaining({ code: 'ERR_INVALID_OPTION', facts: { option } })
  for (const [option, value] of Object.entries({
    threads: 0,
    memoryBytesMax: 2 ** 20,
    maxConcurrentSyncs: 4,
    sliceMs: 5,
    workerHeapMbMax: 64,
    workerUrl: new URL(import.meta.url),
  })) {
    expect(() => createInformerFactory({ engine, [option]: value })).toThrow(refused(option))
  }
  for (const [option, value] of Object.entries({ namespace: 'a', threads: -1, workerUrl: 'x', engine })) {
    expect(() => createEngine(wrong({ [option]: value }))).toThrow(refused(option))
  }
  expect(engine.stats().factories).toBe(0)
  await engine.close()
})

test.each<[string, object]>([
  ['ERR_INVALID_OPTION', { label: 'app=web' }],
  ['ERR_INVALID_OPTION', { resyncPeriodMs: -1 }],
  ['ERR_INVALID_OPTION', { metadataOnly: 1 }],
  ['ERR_INVALID_OPTION', { transform: 'strip.js' }],
  ['ERR_INVALID_OPTION', { namespace: 5 }],
  ['ERR_INVALID_OPTION', { fieldSelector: { 'spec.nodeName': 'a' } }],
  ['ERR_INVALID_SELECTOR', { labelSelector: { app: 'web' } }],
  ['ERR_INVALID_SELECTOR', { labelSelector: null }],
])('select() throws %s for %j, it would select something else', (code, options) => {
  expect(() => factory.core.v1.pods.select(options as SelectOptions)).toThrow(
    expect.objectContaining({ code }),
  )
})

test.each<[string, string | number]>([
  ['namespace', '..'],
  ['namespace', 'web/pods/x'],
  ['namespace', 'wéb'],
  ['group', 'example.com/v1'],
  ['version', '../v1'],
  ['resource', 'pods?watch=1'],
  ['resource', 'pods/status'],
  ['resource', ' pods'],
  ['resource', 5],
])('%s %j is refused: another path would be asked for', (option, value) => {
  const refused = expect.objectContaining({ code: 'ERR_INVALID_OPTION', facts: { option } })
  if (option === 'namespace') {
    expect(() => factory.core.v1.pods.select({ namespace: value as string })).toThrow(refused)
    expect(() => createInformerFactory({ namespace: value as string })).toThrow(refused)
    return
  }
  const type = { group: 'example.com', version: 'v1', resource: 'widgets', [option]: value }
  expect(() => factory.forResource(type)).toThrow(refused)
})

test.each<[unknown]>([[null], ['SIGINT'], [{ aborted: false }], [new AbortController()]])(
  'a handler is not added with what is no AbortSignal: %j, nothing would ever remove it',
  (signal) => {
    const { informer } = factory.core.v1.pods
    expect(() => informer.addEventHandler({ onAdd() {} }, { signal: signal as AbortSignal })).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_OPTION',
        facts: { option: 'signal' },
        message: expect.stringContaining('must be an AbortSignal'),
      }),
    )
    expect(informer.stats().listeners).toEqual([])
    const registration = informer.addEventHandler({ onAdd() {} }, { signal: AbortSignal.abort() })
    expect([informer.stats().listeners, registration.hasSynced()]).toEqual([[], false])
  },
)

const cyclic: Record<string, unknown> = {}
cyclic.self = cyclic

test.each<[string, unknown[]]>([
  [
    'addIndexers',
    [null, undefined, 5, 'ab', ['spec.nodeName'], { x: cyclic }, { x: { label: 10n } }, { x: Symbol('x') }],
  ],
  ['addEventHandler', [null, 5, [], {}, { onadd() {} }]],
  ['addEventHandler options', [null, 5, 'ab', [], { buffer: null }]],
  ['select', [null, 5, 'ab', []]],
  ['selectNamespaces', [null, [5], [10n], [cyclic], [Symbol('x')], [Object.create(null)]]],
  ['selectNamespaces options', [null, 5, 'ab', []]],
  ['list', [null, 5, 'ab', [], { namespace: 5 }]],
  ['get', [null, undefined, 5, {}, { name: 5 }, { namespace: 'a' }, { namespace: 5, name: 'a' }]],
  ['has', [null, 5, {}]],
])('%s refuses what is none of its options, naming what is allowed', (call, bads) => {
  const { pods } = factory.core.v1
  const set = pods.selectNamespaces(['a', 'b'])
  for (const { informer, lister } of [pods, set]) {
    const { indexer } = informer
    const calls: Record<string, (bad: never) => unknown> = {
      addIndexers: (bad) => informer.addIndexers(bad),
      addEventHandler: (bad) => informer.addEventHandler(bad),
      'addEventHandler options': (bad) => informer.addEventHandler({ onAdd() {} }, bad),
      select: (bad) => pods.select(bad),
      selectNamespaces: (bad) => pods.selectNamespaces(bad),
      'selectNamespaces options': (bad) => pods.selectNamespaces(['a'], bad),
      list: (bad) => lister.list(bad),
      get: (bad) => [lister.get(bad), indexer.get(bad)],
      has: (bad) => indexer.has(bad),
    }
    for (const bad of bads) {
      expect(() => calls[call]?.(bad as never), typeof bad).toThrow(
        expect.objectContaining({
          code: 'ERR_INVALID_OPTION',
          message: expect.stringMatching(/^option \S+ ?.* is refused: (must|an index|no such)/),
        }),
      )
    }
  }
  expect(pods.informer.stats().listeners).toEqual([])
})

test.each([
  ['silenceMs', Number.NaN],
  ['backoffBaseMs', 0],
  ['pageSize', -1],
  ['watchListTotalMs', 2 ** 31],
  ['silence', 5],
])('timing.%s: %d is refused: as a timer it would be a storm of requests', (name, value) => {
  expect(() => createInformerFactory({ timing: { [name]: value } })).toThrow(
    expect.objectContaining({
      code: 'ERR_INVALID_OPTION',
      facts: expect.objectContaining({ option: `timing.${name}` }),
    }),
  )
})

test('a time that is undefined is the default', () => {
  expect(timingOf({ silenceMs: undefined } as object)).toEqual(defaultTiming)
})

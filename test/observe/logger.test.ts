import { runInNewContext } from 'node:vm'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createInformerFactory,
  type ErrorCode,
  type InformerFactory,
  KubeInformerError,
  type Logger,
} from '../../src/index.ts'
import { InformerObserver } from '../../src/observe/informer-observer.ts'
import { SafeLogger } from '../../src/observe/logger.ts'
import { ContractBed, threadCounts, until } from '../contract/contract-bed.ts'

interface Line {
  readonly level: string
  readonly facts: Readonly<Record<string, unknown>>
  readonly text: string
}

class Lines implements Logger {
  readonly all: Line[] = []
  readonly #add = (level: string, facts: object, text: string): void =>
    void this.all.push({ level, facts: { ...facts }, text })

  debug(facts: object, text: string): void {
    this.#add('debug', facts, text)
  }
  info(facts: object, text: string): void {
    this.#add('info', facts, text)
  }
  warn(facts: object, text: string): void {
    this.#add('warn', facts, text)
  }
  error(facts: object, text: string): void {
    this.#add('error', facts, text)
  }

  find(level: string, text: string): Line | undefined {
    return this.all.find((line) => line.level === level && line.text === `configmaps: ${text}`)
  }
}

describe.each(threadCounts)('what is logged, threads: $threads', ({ threads }) => {
  let bed: ContractBed
  const warnings: Error[] = []
  const hear = (warning: Error): number => warnings.push(warning)
  beforeEach(async () => {
    process.on('warning', hear)
    bed = await ContractBed.start(threads)
    bed.create('a')
  })
  afterEach(async () => {
    process.off('warning', hear)
    warnings.length = 0
    await bed.end()
  })

  async function synced(factory: InformerFactory): Promise<void> {
    const { informer } = factory.core.v1.configmaps
    informer.start()
    await informer.waitForSync({ signal: AbortSignal.timeout(30_000) })
    await until(() => informer.state === 'watching', 'it watches')
  }

  it('a life: synced, retrying and why, watching again, listing anew and why, stopped, closed', async () => {
    const lines = new Lines()
    const factory = bed.factory({ logger: lines, name: 'mine' })
    await synced(factory)
    expect(lines.find('info', 'synced')?.facts).toMatchObject({
      factory: 'mine',
      resource: 'configmaps',
      path: '/api/v1/configmaps',
      objects: 1,
    })
    bed.server.faults.refuse({ status: 500, message: 'out of order', count: 1 })
    bed.server.faults.cutStreams()
    const retry = await until(() => lines.find('warn', 'retrying, attempt 1'), 'the fault is logged')
    expect(retry.facts['code']).toMatch(/^ERR_/)
    expect(retry.facts['reason']).toEqual(expect.any(String))
    const again = await until(() => lines.find('info', 'watching again'), 'the end of it is logged')
    expect(again.facts['downMs']).toBeGreaterThan(0)
    bed.server.triggerRelist()
    const relist = await until(() => lines.find('warn', 'listing anew'), 'the relist is logged')
    expect(relist.facts['code']).toBe('ERR_VERSION_EXPIRED')
    await factory.close()
    expect(lines.find('info', 'stopped')).toBeDefined()
    expect(lines.all.at(-1)?.text).toBe('factory closed')
  })

  it('a handler that fails: its error, once a minute for each registration, and no process warning', async () => {
    const lines = new Lines()
    const factory = bed.factory({ logger: lines })
    bed.create('b')
    const thrown = new Error('not today')
    const fails = (): never => {
      throw thrown
    }
    const { informer } = factory.core.v1.configmaps
    const registrations = [1, 2].map(() => informer.addEventHandler({ onAdd: fails }))
    await synced(factory)
    await Promise.all(registrations.map((registration) => registration.waitForSync()))
    const errors = lines.all.filter(({ level }) => level === 'error')
    expect(errors).toHaveLength(2)
    expect(errors[0]?.facts).toMatchObject({ err: thrown, key: 'default/a', handler: 'onAdd' })
    expect(errors[0]?.text).toBe('configmaps: onAdd failed for default/a')
    await new Promise((resolve) => setImmediate(resolve))
    expect(warnings).toEqual([])
  })

  it('lines come from a child, where the logger has one', async () => {
    const lines = new Lines()
    const bindings: object[] = []
    const logger: Logger = Object.assign(new Lines(), {
      child: (bound: object) => {
        bindings.push(bound)
        return lines
      },
    })
    await synced(bed.factory({ logger }))
    expect(bindings).toEqual([{ module: 'kube-informer' }])
    expect(lines.find('info', 'synced')).toBeDefined()
  })

  it('pino, as it is', async () => {
    const written: string[] = []
    const factory = bed.factory({
      logger: pino({ level: 'info' }, { write: (line) => void written.push(line) }),
    })
    const registration = factory.core.v1.configmaps.informer.addEventHandler({
      onAdd: () => {
        throw new TypeError('not today')
      },
    })
    await synced(factory)
    await registration.waitForSync()
    const lines = written.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    expect(lines).toEqual([
      expect.objectContaining({ level: 30, module: 'kube-informer', msg: 'configmaps: synced', objects: 1 }),
      expect.objectContaining({
        level: 50,
        msg: 'configmaps: onAdd failed for default/a',
        err: expect.objectContaining({ type: 'TypeError', message: 'not today' }),
      }),
    ])
  })

  it('a logger that throws, or rejects, harms nothing', async () => {
    const fail = (): never => {
      throw new Error('disk full')
    }
    const reject = (): Promise<never> => Promise.reject(new Error('disk full'))
    const ofAnotherRealm = (): unknown => runInNewContext(`Promise.reject(new Error('disk full'))`)
    for (const log of [fail, reject, ofAnotherRealm]) {
      const factory = bed.factory({ logger: { debug: log, info: log, warn: log, error: log, child: fail } })
      await synced(factory)
      bed.server.faults.cutStreams()
      bed.update('a', { changed: String(log) })
      const { lister } = factory.core.v1.configmaps
      await until(() => lister.get('default/a')?.data?.['changed'] === String(log), 'the change came')
      await factory.close()
    }
  })
})

it('what repeats is told once a minute, with how many were not, each kind for itself', () => {
  const lines = new Lines()
  let nowMs = 0
  const observer = new InformerObserver({
    scope: { factory: '', resource: 'configmaps', path: '/api/v1/configmaps' },
    nowMs: () => nowMs,
    silenceMs: 70_000,
    logger: new SafeLogger(lines),
  })
  const fail = (code: ErrorCode): void =>
    observer.state('retrying', new KubeInformerError(code, 'why', { cause: new Error('deeper') }), 3, 1)
  fail('ERR_CONNECTION')
  for (nowMs = 1; nowMs < 60_000; nowMs += 1_000) fail('ERR_CONNECTION')
  fail('ERR_THROTTLED')
  nowMs = 60_000
  fail('ERR_CONNECTION')
  fail('ERR_CONNECTION')
  expect(lines.all.map(({ facts }) => [facts['code'], facts['untold']])).toEqual([
    ['ERR_CONNECTION', undefined],
    ['ERR_THROTTLED', undefined],
    ['ERR_CONNECTION', 60],
  ])
  expect(lines.all[0]).toEqual({
    level: 'warn',
    text: 'configmaps: retrying, attempt 3',
    facts: {
      factory: '',
      resource: 'configmaps',
      path: '/api/v1/configmaps',
      state: 'retrying',
      previous: 'idle',
      attempt: 3,
      code: 'ERR_CONNECTION',
      reason: 'why',
      cause: 'deeper',
    },
  })
  // Calls of the user's are told every time.
  observer.state('stopped', undefined, 0, 1)
  observer.state('connecting', undefined, 0, 1)
  observer.state('stopped', undefined, 0, 1)
  expect(lines.all.filter(({ text }) => text === 'configmaps: stopped')).toHaveLength(2)
})

it.each([{}, { debug() {} }, console.log, 'pino', { ...console, child: {} }])(
  'a logger that is none is refused at construction: %j',
  (logger) => {
    expect(() => createInformerFactory({ logger: logger as unknown as Logger })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
    )
  },
)

it.each<[string, (lines: Lines) => unknown]>([
  ['nothing', () => undefined],
  ['an object without the methods', () => ({})],
  ['less than the four', () => ({ debug() {}, info() {}, warn() {} })],
  ['a text', () => 'child'],
  ['a promise of a logger', async (lines) => lines],
  ['a promise that rejects', async () => Promise.reject(new Error('no child'))],
])('a child that is none is not used, the logger itself is: %s', async (_what, child) => {
  const rejected: unknown[] = []
  const hear = (reason: unknown): number => rejected.push(reason)
  process.on('unhandledRejection', hear)
  try {
    const lines = new Lines()
    const logger = new SafeLogger(Object.assign(lines, { child: () => child(lines) as Logger }))
    logger.log('info', {}, 'a line')
    expect(lines.all.map(({ text }) => text)).toEqual(['a line'])
    // Node tells of rejections when its turn is over.
    await new Promise(setImmediate)
    expect(rejected).toEqual([])
  } finally {
    process.off('unhandledRejection', hear)
  }
})

import {
  createInformerFactory,
  type Informer,
  type InformerFactory,
  type InformerFactoryOptions,
  type ListerWatcher,
} from '../../src/index.ts'
import { MemorySource } from '../support/memory-source.ts'
import { type ConfigMap, sleep, until } from './contract-bed.ts'
import { cached, Recorder, sameState } from './recorder.ts'

/** A source in memory, informers over it, and a recorder; `end` checks that nothing was left unhandled. */
export class SourceBed {
  readonly source: MemorySource = new MemorySource()
  readonly recorder: Recorder = new Recorder()
  readonly #threads: number
  readonly #factories: InformerFactory[] = []
  readonly #unhandled: unknown[] = []
  readonly #onUnhandled = (error: unknown): void => void this.#unhandled.push(error)

  constructor(threads: number) {
    this.#threads = threads
    process.on('unhandledRejection', this.#onUnhandled)
  }

  factory(options: InformerFactoryOptions = {}): InformerFactory {
    const factory = createInformerFactory({
      // Nobody listens there: a request over HTTP would fail.
      kubeConfig: { server: 'http://127.0.0.1:9' },
      threads: this.#threads,
      ...options,
      timing: { backoffBaseMs: 20, backoffMaxMs: 100, ...options.timing },
    })
    this.#factories.push(factory)
    return factory
  }

  informer(
    options: InformerFactoryOptions = {},
    listerWatcher: ListerWatcher<ConfigMap> = this.source,
  ): Informer<ConfigMap> {
    return this.factory(options).forListerWatcher({ name: 'things', listerWatcher }).informer
  }

  /** Starts it with the recorder on it, and waits until both have seen what is there. */
  async follow(informer: Informer<ConfigMap>): Promise<void> {
    const registration = informer.addEventHandler(this.recorder.handlers)
    informer.start()
    await registration.waitForSync({ signal: AbortSignal.timeout(10_000) })
    await until(() => informer.state === 'watching', 'it watches')
  }

  async settled(informer: Informer<ConfigMap>): Promise<void> {
    const truth = (): Map<string, string> => this.source.truth()
    await until(
      () => sameState(cached(informer), truth()) && sameState(this.recorder.state(), truth()),
      'cache and listener show what the source holds',
    )
    if (this.recorder.problems.length > 0) throw new Error(this.recorder.problems.join(', '))
  }

  async end(): Promise<void> {
    await Promise.all(this.#factories.map((factory) => factory.close()))
    await sleep(5)
    process.off('unhandledRejection', this.#onUnhandled)
    if (this.#unhandled.length > 0) throw new Error('unhandled', { cause: this.#unhandled })
  }
}

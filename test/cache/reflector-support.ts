import { Reflector, type ReflectorOptions } from '../../src/index.ts'
import { FakeClock } from '../../src/testing/index.ts'
import { show, type Thing } from './cache-support.ts'
import { ScriptedSource, type SourceCall } from './scripted-source.ts'

/** A reflector between a scripted source and a store that keeps a log. */
export class ReflectorBench {
  readonly clock: FakeClock = new FakeClock()
  readonly source: ScriptedSource = new ScriptedSource()
  readonly log: string[] = []
  readonly stopped: AbortController = new AbortController()
  readonly reflector: Reflector<Thing>
  readonly running: Promise<void>
  pressure: 'open' | 'half' | 'full' = 'open'
  /** Thrown by the next call of the store. */
  storeError: Error | undefined

  constructor(options: Partial<ReflectorOptions<Thing>> = {}) {
    this.reflector = new Reflector<Thing>({
      listerWatcher: this.source,
      runtime: this.clock,
      store: {
        add: (object) => this.#write(`add ${show(object)}`),
        update: (object) => this.#write(`update ${show(object)}`),
        delete: (object) => this.#write(`delete ${show(object)}`),
        replace: (objects, version) => this.#write(`replace ${objects.map(show).join(' ')} at ${version}`),
        resync: () => this.#write('resync'),
        bookmark: (version) => this.#write(`bookmark ${version}`),
        pressure: () => this.pressure,
      },
      onError: (error) => {
        const { code, message } = error as { code?: string; message: string }
        this.log.push(`error ${code ?? message}`)
      },
      ...options,
    })
    this.running = this.reflector.run({ signal: this.stopped.signal })
  }

  async next(kind: SourceCall['kind']): Promise<SourceCall> {
    await this.clock.settle()
    return this.source.next(kind)
  }

  /** A whole list, in one page, and the watch after it. */
  async listed(version: string, items: readonly Thing[] = []): Promise<SourceCall> {
    const list = await this.next('list')
    list.page(version, items)
    const watch = await this.next('watch')
    this.news()
    return watch
  }

  /** Time until there is another call. */
  async wait(): Promise<number> {
    await this.clock.settle()
    const start = this.clock.nowMs()
    while (!this.source.hasNext) {
      const ms = this.clock.nextTimerMs
      if (ms === undefined) throw new Error('nothing will ever happen')
      await this.clock.advance(ms)
    }
    return this.clock.nowMs() - start
  }

  news(): string[] {
    return this.log.splice(0)
  }

  async settledNews(): Promise<string[]> {
    await this.clock.settle()
    return this.news()
  }

  get version(): string {
    return this.reflector.lastSyncResourceVersion()
  }

  #write(line: string): void {
    this.log.push(line)
    const error = this.storeError
    this.storeError = undefined
    if (error !== undefined) throw error
  }
}

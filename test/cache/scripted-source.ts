import type {
  ListerWatcher,
  SourceEvent,
  SourceList,
  SourceListOptions,
  SourceWatchOptions,
} from '../../src/index.ts'
import type { Thing } from './cache-support.ts'

type Options = Omit<SourceListOptions, 'signal'> & Omit<SourceWatchOptions, 'signal' | 'resourceVersion'>

/** A call of list or watch, and this source's side of it. */
export class SourceCall {
  readonly kind: 'list' | 'watch'
  readonly options: Options
  readonly signal: AbortSignal
  readonly answer: PromiseWithResolvers<SourceList<Thing>> = Promise.withResolvers()
  /** Events that were asked for, and not. */
  pulls = 0
  isReturned = false
  readonly #results: (() => Promise<IteratorResult<SourceEvent<Thing>, undefined>>)[] = []
  #wake: (() => void) | undefined

  constructor(kind: 'list' | 'watch', { signal, ...options }: SourceListOptions | SourceWatchOptions) {
    this.kind = kind
    this.options = options
    this.signal = signal
  }

  page(version: string, items: readonly Thing[], token?: string): void {
    this.answer.resolve({
      metadata: { resourceVersion: version, ...(token !== undefined && { continue: token }) },
      items,
    })
  }

  event(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: Thing): void {
    this.push({ type, object })
  }

  bookmark(resourceVersion: string): void {
    this.push({ type: 'BOOKMARK', object: { metadata: { resourceVersion } } })
  }

  error(code: number, reason = ''): void {
    this.push({ type: 'ERROR', object: { kind: 'Status', code, reason } })
  }

  push(event: SourceEvent<Thing>): void {
    this.#give(async () => ({ done: false, value: event }))
  }

  end(): void {
    this.#give(async () => ({ done: true, value: undefined }))
  }

  fail(error: unknown): void {
    if (this.kind === 'list') this.answer.reject(error)
    else
      this.#give(async () => {
        throw error
      })
  }

  get events(): AsyncIterable<SourceEvent<Thing>> {
    return {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          this.pulls++
          while (this.#results.length === 0) {
            await new Promise<void>((resolve) => {
              this.#wake = resolve
            })
          }
          return await (this.#results.shift() as () => Promise<IteratorResult<SourceEvent<Thing>>>)()
        },
        return: async () => {
          this.isReturned = true
          return { done: true, value: undefined }
        },
      }),
    }
  }

  #give(result: () => Promise<IteratorResult<SourceEvent<Thing>, undefined>>): void {
    this.#results.push(result)
    this.#wake?.()
  }
}

/** A source whose every answer a test writes. */
export class ScriptedSource implements ListerWatcher<Thing> {
  readonly calls: SourceCall[] = []
  #seen = 0

  list(options: SourceListOptions): Promise<SourceList<Thing>> {
    const call = new SourceCall('list', options)
    this.calls.push(call)
    return call.answer.promise
  }

  watch(options: SourceWatchOptions): AsyncIterable<SourceEvent<Thing>> {
    const call = new SourceCall('watch', options)
    this.calls.push(call)
    return call.events
  }

  /** The one call since the last time. */
  next(kind: SourceCall['kind']): SourceCall {
    const news = this.calls.slice(this.#seen)
    this.#seen = this.calls.length
    const [call] = news
    if (news.length !== 1 || call?.kind !== kind) {
      throw new Error(`not one ${kind}, but ${news.map((each) => each.kind).join(', ') || 'nothing'}`)
    }
    return call
  }

  get hasNext(): boolean {
    return this.calls.length > this.#seen
  }
}

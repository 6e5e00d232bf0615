import type { Runtime, Timer } from '../base/runtime.ts'
import { TurnBudget } from '../base/turn-budget.ts'
import { KubeInformerError } from '../errors.ts'
import type { ListerWatcher, SourceEvent, SourceList, SourceObject } from '../lister-watcher.ts'
import { sourceError } from '../protocol/source-error.ts'
import { statusObjectError } from '../protocol/status-error.ts'
import type { AnswerReader, OpenEffect, ReaderCalls } from '../reflector/host.ts'
import type { Query } from '../reflector/state.ts'
import { metaNamespaceKeyFunc, resourceVersionOf } from './object-keys.ts'
import { factsOf, unexpected, withoutToken } from './source-list.ts'

export interface SourceReaderOptions<T extends SourceObject> extends ReaderCalls {
  readonly effect: OpenEffect
  readonly listerWatcher: ListerWatcher<T>
  readonly runtime: Runtime
  /** How often the reflector must hear of a request that is alive; how long a list may take to come. */
  readonly silenceMs: number
  readonly listMsMax: number
  /** An object of a list, or of an event. */
  readonly object: (type: 'listed' | 'ADDED' | 'MODIFIED' | 'DELETED', object: T) => void
  /** Something that is no object was left out. */
  readonly refused: (error: KubeInformerError) => void
  readonly isFull: () => boolean
}

/** One call of a ListerWatcher's list or watch. */
export class SourceReader<T extends SourceObject> implements AnswerReader {
  readonly #options: SourceReaderOptions<T>
  readonly #abort = new AbortController()
  #iterator: AsyncIterator<SourceEvent<T>> | undefined
  #isClosed = false
  #isOpened = false
  /** Of a list() that has not settled. */
  #aliveTimer: Timer | undefined
  #limitTimer: Timer | undefined
  /** Settled while reading may go on. */
  #mayRead: PromiseWithResolvers<void> | undefined

  constructor(options: SourceReaderOptions<T>) {
    this.#options = options
    // Later: the user's functions may do anything, stopping the reflector included.
    void Promise.resolve().then(() => this.#run())
  }

  pause(): void {
    this.#mayRead ??= Promise.withResolvers()
  }

  resume(): void {
    this.#mayRead?.resolve()
    this.#mayRead = undefined
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#cancelTimers()
    this.#abort.abort()
    this.resume()
    if (this.#iterator !== undefined) discard(this.#iterator)
  }

  async #run(): Promise<void> {
    if (this.#isClosed) return
    const { request, query } = this.#options.effect
    const isWatch = request === 'watch' || request === 'stream'
    try {
      if (isWatch) await this.#watch(query)
      else await this.#list(query, request === 'probe')
    } catch (error) {
      if (this.#isClosed) return
      this.close()
      this.#options.emit({ type: 'failed', error: sourceError(error, isWatch ? 'watch()' : 'list()') })
    }
  }

  async #list(query: Query, isProbe: boolean): Promise<void> {
    const { listerWatcher, emit } = this.#options
    const { resourceVersion, limit, continue: token } = query
    const options = {
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(limit !== undefined && { limit: Number(limit) }),
      ...(token !== undefined && { continue: token, _continue: token }),
      signal: this.#abort.signal,
    }
    let list: SourceList<T>
    this.#startTimers()
    try {
      list = await listerWatcher.list(options)
    } catch (error) {
      throw withoutToken(sourceError(error, 'list()'))
    } finally {
      this.#cancelTimers()
    }
    if (this.#isClosed) return
    const { items, version, continueToken } = factsOf(list)
    if (continueToken !== '' && continueToken === token) {
      throw unexpected('the continue token is the one it was asked with: it must be honoured, or not given')
    }
    emit({ type: 'opened' })
    for (const item of isProbe ? [] : items) {
      if (this.#isClosed) return
      if (this.#isObject(item)) this.#options.object('listed', item)
    }
    if (this.#isClosed) return
    this.#isClosed = true
    emit({ type: 'page', version, continueToken })
  }

  /** A function of the user's that works says nothing until it is done: only `listMsMax` tells it from a dead one. */
  #startTimers(): void {
    const { runtime, silenceMs, listMsMax, emit } = this.#options
    const alive = (): void => {
      this.#aliveTimer = runtime.setTimer(silenceMs / 2, alive)
      emit({ type: 'chunk', added: 0, events: 0, version: undefined })
    }
    this.#aliveTimer = runtime.setTimer(silenceMs / 2, alive)
    this.#limitTimer = runtime.setTimer(listMsMax, () => {
      this.close()
      const message = `list() gave nothing in ${listMsMax} ms`
      emit({ type: 'failed', error: new KubeInformerError('ERR_SILENT_CONNECTION', message) })
    })
  }

  #cancelTimers(): void {
    this.#aliveTimer?.cancel()
    this.#limitTimer?.cancel()
  }

  async #watch(query: Query): Promise<void> {
    const { listerWatcher, emit, runtime, isFull } = this.#options
    const { resourceVersion = '', timeoutSeconds } = query
    const events = await listerWatcher.watch({
      resourceVersion,
      ...(timeoutSeconds !== undefined && { timeoutSeconds: Number(timeoutSeconds) }),
      allowWatchBookmarks: true,
      signal: this.#abort.signal,
    })
    const iterator = events[Symbol.asyncIterator]()
    if (this.#isClosed) {
      discard(iterator)
      return
    }
    this.#iterator = iterator
    const budget = new TurnBudget(runtime)
    for (;;) {
      await (this.#mayRead?.promise ?? budget.spent())
      if (this.#isClosed) return
      const { done, value } = await iterator.next()
      if (this.#isClosed) return
      if (done === true) {
        this.#isClosed = true
        emit({ type: 'ended' })
        return
      }
      // An iterable may be had before its source has answered: the first event is the first that shows it has.
      if (!this.#isOpened) emit({ type: 'opened' })
      this.#isOpened = true
      this.#event(value)
      if (!this.#isClosed && isFull()) emit({ type: 'full' })
    }
  }

  #event(event: SourceEvent<T>): void {
    const { emit, counters, object, refused } = this.#options
    switch (event?.type) {
      case 'ADDED':
      case 'MODIFIED':
      case 'DELETED': {
        if (!this.#isObject(event.object)) return
        const version = resourceVersionOf(event.object)
        object(event.type, event.object)
        if (this.#isClosed) return
        emit({ type: 'chunk', added: event.type === 'ADDED' ? 1 : 0, events: 1, version })
        return
      }
      case 'BOOKMARK': {
        const version = resourceVersionOf(event.object)
        if (version === '') refused(unexpected('a BOOKMARK without a resourceVersion'))
        else {
          counters.bookmarks++
          emit({ type: 'bookmark', version, isEnd: false })
        }
        return
      }
      case 'ERROR':
        emit({ type: 'error', error: statusObjectError(event.object) })
        return
      default:
        refused(unexpected('an event of no known type'))
    }
  }

  /** What has no name cannot be kept; what has no version would be watched from for ever. */
  #isObject(object: T): boolean {
    try {
      const key = metaNamespaceKeyFunc(object)
      if (resourceVersionOf(object) !== '') return true
      throw new KubeInformerError('ERR_OBJECT_IDENTITY', `${key} has no metadata.resourceVersion`)
    } catch (error) {
      this.#options.refused(error as KubeInformerError)
      return false
    }
  }
}

function discard(iterator: AsyncIterator<unknown>): void {
  // Whatever it ends with, nobody wants to know any more. A generator that is busy ends once it looks at the signal.
  void Promise.resolve()
    .then(() => iterator.return?.())
    .catch(() => {})
}

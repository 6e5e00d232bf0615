import type { Runtime } from '../base/runtime.ts'
import type { Slicer } from '../base/slicer.ts'
import type { ListerWatcher, SourceListOptions, SourceWatchOptions } from '../lister-watcher.ts'
import type { MemoryBudget } from '../protocol/memory-budget.ts'
import type { FromSource, ToSource } from '../protocol/messages.ts'
import { SourceBody } from './source-body.ts'
import { SourceListAnswer } from './source-list.ts'
import { SourceMemory } from './source-memory.ts'
import { SourceWatchAnswer } from './source-watch.ts'

export interface SourceServerOptions {
  readonly source: ListerWatcher
  readonly runtime: Runtime
  readonly slicer: Slicer
  readonly frameBytesMax: number
  /** Counts what is on its way to the worker. */
  readonly memory: MemoryBudget
  readonly post: (message: FromSource, transfer: ArrayBuffer[]) => void
}

interface Answer {
  credit(): void
  abort(): void
}

interface Running {
  readonly body: SourceBody
  readonly answer: Answer
  readonly abort: AbortController
}

/**
 * Answers the requests of one run of a watch from a user's functions, with the bytes that an API server would send.
 * Whatever they do (throw, never settle, ignore their signal), nothing is waited for once a request is aborted, and
 * nothing is left unhandled.
 */
export class SourceServer {
  readonly #options: SourceServerOptions
  readonly #running = new Map<number, Running>()
  readonly #memory: SourceMemory
  #isClosed = false

  constructor(options: SourceServerOptions) {
    this.#options = options
    this.#memory = new SourceMemory(options.memory)
  }

  receive(message: ToSource): void {
    if (this.#isClosed) return
    switch (message.type) {
      case 'source-open':
        this.#open(message)
        break
      case 'source-credit': {
        const running = this.#running.get(message.id)
        running?.body.credit(message.bytes)
        running?.answer.credit()
        this.#memory.read(message.id, message.bytes)
        break
      }
      case 'source-abort':
        this.#abort(message.id)
        break
      default:
        message satisfies never
    }
  }

  /** Aborts everything. Nothing is posted, and no function called, any more. */
  close(): void {
    this.#isClosed = true
    for (const id of [...this.#running.keys()]) this.#abort(id)
    this.#memory.close()
  }

  #open({ id, request, query }: Extract<ToSource, { type: 'source-open' }>): void {
    const { source, runtime, slicer, frameBytesMax } = this.#options
    // One request at a time: a new one says that the ones before are over.
    this.#memory.keepOnly(this.#running)
    const post: SourceServerOptions['post'] = (message, transfer) => {
      if (message.type === 'source-data') this.#memory.sent(id, message.bytes.byteLength)
      this.#options.post(message, transfer)
    }
    const abort = new AbortController()
    const body = new SourceBody({ id, frameBytesMax, post })
    const onDone = (): void => void this.#running.delete(id)
    const search = new URLSearchParams(query)
    const answer: Answer =
      request === 'watch'
        ? new SourceWatchAnswer({
            runtime,
            slicer,
            body,
            watch: () => source.watch(watchOptions(search, abort.signal)),
            onDone,
          })
        : new SourceListAnswer({
            slicer,
            nowMs: () => runtime.nowMs(),
            body,
            continueToken: search.get('continue') ?? '',
            isProbe: request === 'probe',
            list: () => source.list(listOptions(search, abort.signal)),
            onDone,
          })
    this.#running.set(id, { body, answer, abort })
  }

  #abort(id: number): void {
    const running = this.#running.get(id)
    if (running === undefined) return
    this.#running.delete(id)
    // First, or a source that answers its signal at once would still be listened to.
    running.answer.abort()
    running.abort.abort()
    this.#memory.keepOnly(this.#running)
  }
}

function listOptions(search: URLSearchParams, signal: AbortSignal): SourceListOptions {
  const limit = search.get('limit')
  const token = search.get('continue')
  return {
    ...texts(search, [
      'resourceVersion',
      'resourceVersionMatch',
      'continue',
      'labelSelector',
      'fieldSelector',
    ]),
    ...(limit !== null && { limit: Number(limit) }),
    ...(token !== null && { _continue: token }),
    signal,
  }
}

function watchOptions(search: URLSearchParams, signal: AbortSignal): SourceWatchOptions {
  const seconds = search.get('timeoutSeconds')
  return {
    ...texts(search, ['labelSelector', 'fieldSelector']),
    resourceVersion: search.get('resourceVersion') ?? '',
    ...(seconds !== null && { timeoutSeconds: Number(seconds) }),
    allowWatchBookmarks: search.get('allowWatchBookmarks') === 'true',
    signal,
  }
}

function texts<Name extends string>(
  search: URLSearchParams,
  names: readonly Name[],
): { readonly [N in Name]?: string } {
  const found: { [N in Name]?: string } = {}
  for (const name of names) {
    const value = search.get(name)
    if (value !== null) found[name] = value
  }
  return found
}

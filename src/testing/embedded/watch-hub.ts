import type { ServerResponse } from 'node:http'
import type { Timer } from '../../base/runtime.ts'
import type { Predicate } from './selector.ts'
import { type ApiFailure, failures } from './status.ts'
import type { WatchRequest } from './watch-request.ts'
import { encodeBatch, type SharedBatch, type StreamContext, WatchStream } from './watch-stream.ts'

/** All open watches of one resource: wakes them once per turn, however many changes it brought. */
export class WatchHub {
  readonly #streams = new Set<WatchStream>()
  readonly #context: StreamContext
  #batch: SharedBatch | undefined
  #tick: Timer | undefined

  constructor(context: Omit<StreamContext, 'onEnd' | 'batchFrom'>) {
    this.#context = {
      ...context,
      onEnd: (stream) => this.#streams.delete(stream),
      batchFrom: (position) => this.#batchFrom(position),
    }
  }

  get size(): number {
    return this.#streams.size
  }

  /** Changes that the slowest open watch has not been sent. */
  get behindMax(): number {
    let behind = 0
    for (const stream of this.#streams) behind = Math.max(behind, stream.behind)
    return behind
  }

  /** Why this watch cannot be served: changes after its version are forgotten, here or by who asks (`floor`). */
  expiry(request: WatchRequest, floor: number): ApiFailure | undefined {
    const { store, counters } = this.#context
    if (request.hasInitialEvents || request.version === undefined) return undefined
    const isKnown = store.history.positionAfter(request.version) !== undefined
    if (isKnown && request.version >= floor) return undefined
    counters.expired++
    const oldest = Math.max(store.history.floor, floor)
    return failures.expired(`too old resource version: ${request.version} (${oldest})`)
  }

  /** Starts a watch; the head of the response is written, and {@link expiry} had nothing to say. */
  open(
    response: ServerResponse,
    request: WatchRequest,
    selects: Predicate | undefined,
    isCompressed = false,
  ): void {
    const { history } = this.#context.store
    const isFromNow = request.hasInitialEvents || request.version === undefined
    const position = isFromNow ? history.end : history.positionAfter(request.version as number)
    const start = position ?? history.end
    const stream = new WatchStream(this.#context, response, request, selects, start, isCompressed)
    this.#streams.add(stream)
    stream.flush()
  }

  /** There are new changes. */
  wake(): void {
    if (this.#streams.size === 0) return
    this.#tick ??= this.#context.runtime.defer(() => this.#run())
  }

  flushAll(): void {
    for (const stream of this.#streams) stream.flush()
  }

  cutAll(): number {
    const count = this.#streams.size
    for (const stream of [...this.#streams]) stream.cut()
    return count
  }

  endAll(): void {
    for (const stream of [...this.#streams]) stream.end()
  }

  /** After a restore positions mean other changes. */
  forget(): void {
    this.#batch = undefined
  }

  #run(): void {
    this.#tick = undefined
    for (const stream of this.#streams) {
      stream.flush()
      if (stream.isBlocked) this.#context.slow?.block(stream)
    }
  }

  #batchFrom(position: number): SharedBatch {
    if (this.#batch?.from !== position) {
      this.#batch = encodeBatch(this.#context.store, this.#context.encoder, position)
    }
    return this.#batch
  }
}

import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { Runtime, Timer } from '../../base/runtime.ts'
import type { Counters } from './counters.ts'
import { ChunkBuilder, chunkBytesMax, type EventEncoder, selectChange } from './event-encoder.ts'
import type { Faults } from './faults.ts'
import type { InitialLists } from './initial-lists.ts'
import type { ResourceStore } from './resource-store.ts'
import type { Predicate } from './selector.ts'
import type { SlowWatcher, SlowWatchers } from './slow-watchers.ts'
import type { StoredObject } from './stored-object.ts'
import type { WatchRequest } from './watch-request.ts'

export interface SharedBatch {
  readonly from: number
  readonly to: number
  readonly bytes: Buffer
  readonly count: number
}

/** What all streams of one resource have in common. */
export interface StreamContext {
  readonly store: ResourceStore
  readonly encoder: EventEncoder
  readonly counters: Counters
  readonly initialLists: InitialLists
  readonly faults: Faults
  readonly runtime: Runtime
  readonly slow: SlowWatchers | undefined
  readonly channelEventsMax: number
  readonly bookmarkMs: number
  readonly onEnd: (stream: WatchStream) => void
  /** Events from a position on, encoded once for all streams without a selector. */
  readonly batchFrom: (position: number) => SharedBatch
}

const lastBookmarkMs = 2_000
// A real server ends a watch that names no end after a random time between the two.
const lifetimeMsMin = 1_800_000
const lifetimeMsMax = 3_600_000
const frameBytes = 160

/**
 * One open watch: initial events, if asked for, then the history from a position on, as fast as its socket takes them.
 * It holds a position instead of a queue: what it has not sent yet is in the history, shared with all other streams.
 */
export class WatchStream implements SlowWatcher {
  readonly #context: StreamContext
  readonly #response: ServerResponse
  readonly #request: WatchRequest
  readonly #selects: Predicate | undefined
  /** Whether each write is a gzip member. */
  readonly #isCompressed: boolean
  readonly #timers: Timer[] = []
  #chunk: ChunkBuilder | undefined
  #initial: readonly StoredObject[] | undefined
  #initialNext = 0
  readonly #initialVersion: number
  /** Nothing at or below is told, also when it happens only now: a server that was restarted is behind its clients. */
  readonly #after: number
  #position: number
  /** Events it may be behind. Above the channel's size while it catches up with what was there before it came. */
  #allowance: number
  #isEnded = false
  #bookmarkTimer: Timer | undefined

  constructor(
    context: StreamContext,
    response: ServerResponse,
    request: WatchRequest,
    selects: Predicate | undefined,
    position: number,
    isCompressed: boolean,
  ) {
    this.#isCompressed = isCompressed
    this.#context = context
    this.#response = response
    this.#request = request
    this.#selects = selects
    this.#position = position
    this.#allowance = Number.POSITIVE_INFINITY
    this.#initialVersion = context.store.version
    this.#after = request.hasInitialEvents ? 0 : (request.version ?? 0)
    if (request.hasInitialEvents) this.#initial = [...context.store.values()]
    else this.#endCatchUp()
    response.on('drain', () => {
      context.slow?.release(this)
      this.flush()
    })
    response.on('close', () => this.#finish())
    this.#startTimers()
  }

  /** Changes it has not been told of yet. */
  get behind(): number {
    return this.#context.store.history.end - this.#position
  }

  get isBlocked(): boolean {
    return !this.#isEnded && this.#response.writableNeedDrain && this.behind > this.#allowance
  }

  flush(): void {
    const { store, faults } = this.#context
    while (!this.#isEnded && !this.#response.writableNeedDrain && !faults.isSilent) {
      if (this.#initial !== undefined) this.#writeInitial(this.#initial)
      else if (this.#position < store.history.first) this.forceClose()
      else if (this.#position < store.history.end) {
        // Versions only rise: this looks at one change, once the first one above was found.
        if (store.history.at(this.#position).version > this.#after) this.#writeChanges()
        else this.#position++
      } else return
    }
  }

  /** Ends the stream without a word, as the real server does with a watcher that does not read. */
  forceClose(): void {
    if (this.#isEnded) return
    this.#context.counters.closures++
    this.end()
  }

  end(): void {
    if (this.#isEnded) return
    this.#finish()
    this.#response.end()
  }

  /** The socket breaks: no end of the body, no goodbye. */
  cut(): void {
    this.#finish()
    this.#response.destroy()
  }

  #writeInitial(objects: readonly StoredObject[]): void {
    const { encoder, counters } = this.#context
    const chunk = this.#freeChunk()
    while (this.#initialNext < objects.length) {
      const object = objects[this.#initialNext] as StoredObject
      if (this.#selects === undefined || this.#selects(object)) {
        if (chunk.isFullFor(object.body.length + frameBytes)) break
        encoder.event(chunk, 'ADDED', object)
        counters.eventsSent++
      }
      this.#initialNext++
    }
    if (chunk.length > 0) this.#write(chunk.view())
    if (this.#initialNext < objects.length) return
    this.#initial = undefined
    this.#chunk = undefined
    this.#endCatchUp()
    if (this.#request.hasBookmarks && !this.#context.faults.takeEndBookmarkDrop()) {
      this.#writeBookmark(this.#initialVersion, true)
      this.#context.initialLists.leave(this.#response)
    }
  }

  #writeChanges(): void {
    if (this.#selects === undefined) {
      const batch = this.#context.batchFrom(this.#position)
      this.#position = batch.to
      this.#context.counters.eventsSent += batch.count
      if (batch.bytes.length > 0) this.#write(batch.bytes)
    } else {
      this.#writeSelected(this.#selects)
    }
    this.#allowance = Math.max(
      this.#context.channelEventsMax,
      Math.min(this.#allowance, this.behind + this.#context.channelEventsMax),
    )
  }

  #writeSelected(selects: Predicate): void {
    const { history } = this.#context.store
    const chunk = this.#freeChunk()
    while (this.#position < history.end) {
      const change = history.at(this.#position)
      const told = change.isLost ? undefined : selectChange(change, selects)
      if (told !== undefined) {
        if (chunk.isFullFor(told.object.body.length + frameBytes)) break
        this.#context.encoder.event(chunk, told.type, told.object)
        this.#context.counters.eventsSent++
      }
      this.#position++
    }
    if (chunk.length > 0) this.#write(chunk.view())
  }

  /** The last chunk again if the socket holds none of its bytes any more: else they would change under way. */
  #freeChunk(): ChunkBuilder {
    if (this.#chunk === undefined || this.#response.writableLength > 0) this.#chunk = new ChunkBuilder()
    this.#chunk.clear()
    return this.#chunk
  }

  #endCatchUp(): void {
    this.#allowance = this.behind + this.#context.channelEventsMax
  }

  #writeBookmark(version: number, isInitialEventsEnd: boolean): void {
    this.#context.counters.bookmarksSent++
    this.#write(this.#context.encoder.bookmark(version, isInitialEventsEnd))
  }

  /** A watcher that is behind gets none: a bookmark says that everything before it was sent. */
  #offerBookmark(): void {
    const isAtEnd = this.#initial === undefined && this.behind === 0
    if (!isAtEnd || this.#isEnded || this.#response.writableNeedDrain || this.#context.faults.isSilent) return
    if (this.#context.store.version >= this.#after) this.#writeBookmark(this.#context.store.version, false)
  }

  #write(data: Buffer | string): void {
    const { counters } = this.#context
    const sent = this.#isCompressed ? gzipSync(data, { level: 1 }) : data
    const bytes = Buffer.byteLength(sent)
    this.#response.write(sent, (error) => {
      if (!error) counters.bytesSent += bytes
    })
  }

  #startTimers(): void {
    const { runtime, bookmarkMs } = this.#context
    const { timeoutSeconds, hasBookmarks } = this.#request
    const lifetimeMs =
      timeoutSeconds === undefined
        ? lifetimeMsMin + runtime.random() * (lifetimeMsMax - lifetimeMsMin)
        : timeoutSeconds * 1000
    this.#timers.push(runtime.setTimer(lifetimeMs, () => this.end()))
    if (!hasBookmarks) return
    if (lifetimeMs > lastBookmarkMs) {
      this.#timers.push(runtime.setTimer(lifetimeMs - lastBookmarkMs, () => this.#offerBookmark()))
    }
    const again = (): void => {
      this.#bookmarkTimer = runtime.setTimer(bookmarkMs, () => {
        this.#offerBookmark()
        again()
      })
    }
    again()
  }

  #finish(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    for (const timer of this.#timers) timer.cancel()
    this.#bookmarkTimer?.cancel()
    this.#initial = undefined
    this.#context.slow?.release(this)
    this.#context.onEnd(this)
  }
}

/** Encodes changes from a position on until the chunk is full or the history ends. */
export function encodeBatch(store: ResourceStore, encoder: EventEncoder, from: number): SharedBatch {
  const { history } = store
  let bytes = 0
  let to = from
  while (to < history.end) {
    const more = history.at(to).object.body.length + frameBytes
    if (bytes > 0 && bytes + more > chunkBytesMax) break
    bytes += more
    to++
  }
  const chunk = new ChunkBuilder(bytes)
  let count = 0
  for (let position = from; position < to; position++) {
    const change = history.at(position)
    if (change.isLost) continue
    encoder.event(chunk, change.type, change.object)
    count++
  }
  return { from, to, bytes: chunk.view(), count }
}

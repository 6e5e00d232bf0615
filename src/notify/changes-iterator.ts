import { abortError } from '../base/abort-error.ts'
import { checkObject, checkSignal } from '../base/check-options.ts'
import { invalidOption, KubeInformerError } from '../errors.ts'
import type { AnyEvent } from './callbacks.ts'
import type { Change, Changes, ChangesOptions, ReplayChangesOptions, SyncChange } from './changes.ts'
import type { ResourceEventHandlers } from './handlers.ts'
import { HeldChange } from './held-change.ts'
import { listenerLimits } from './listener-limits.ts'
import type { Registration } from './registration.ts'
import type { AnyListenerOptions } from './replay-handlers.ts'

/** Registers a loop's handlers at one informer; there are as many as there are informers. */
export type LoopSource = (handlers: LoopHandlers, onRemoved: () => void) => Registration

/** Whatever the objects' type is, and only with what a loop has: fits every {@link ResourceEventHandlers}. */
export interface LoopHandlers {
  onAdd(event: AnyEvent): HeldChange
  onUpdate(event: AnyEvent): HeldChange
  onDelete(event: AnyEvent): HeldChange
  onSynced(): void
  onDesynced(): void
}

type Result<T> = IteratorResult<Change<T>, undefined>

const synced: SyncChange = Object.freeze({ type: 'synced' })
const desynced: SyncChange = Object.freeze({ type: 'desynced' })

interface Waiter<T> {
  readonly resolve: (result: Result<T>) => void
  readonly reject: (error: unknown) => void
}

/**
 * A loop over the changes of all `informers`; `listen` registers at one of them.
 *
 * @throws ERR_INVALID_OPTION
 */
export function changesOf<T, I>(
  informers: readonly I[],
  options: ChangesOptions | ReplayChangesOptions,
  listen: (
    informer: I,
    handlers: ResourceEventHandlers<T>,
    options: AnyListenerOptions,
    onRemoved: () => void,
  ) => Registration,
): Changes<T> {
  checkChangesOptions(options)
  const sources = informers.map(
    (informer): LoopSource =>
      (handlers, onRemoved) =>
        listen(informer, handlers, options, onRemoved),
  )
  return new ChangesIterator<T>(sources, options.signal)
}

function checkChangesOptions(options: unknown): void {
  checkObject('options', options, 'must be an object such as { signal }')
  for (const name of ['batchCountMax', 'concurrency']) {
    const value: unknown = Reflect.get(options, name)
    if (value !== undefined)
      throw invalidOption(name, value, 'has no use in a loop, which takes one change at a time')
  }
  listenerLimits(options)
  checkSignal('signal', Reflect.get(options, 'signal'))
}

/**
 * The third face of a listener: its handlers hold each change until the loop asks for the next one, so that the
 * listener's own rules (one call at a time, sync, bounds, removal) are the loop's.
 *
 * The queue holds what came before the loop asked: one change an informer, since its call has not ended, and the marks.
 */
export class ChangesIterator<T> implements Changes<T> {
  readonly #sources: readonly LoopSource[]
  readonly #signal: AbortSignal | undefined
  readonly #queue: (HeldChange | SyncChange)[] = []
  readonly #registrations: Registration[] = []
  #isOpen = false
  #isEnded = false
  #openCount: number
  readonly #unsynced: Set<LoopSource>
  #hasSynced = false
  #held: HeldChange | undefined
  #waiter: Waiter<T> | undefined
  #failure: unknown

  constructor(sources: readonly LoopSource[], signal: AbortSignal | undefined) {
    this.#sources = sources
    this.#signal = signal
    this.#openCount = sources.length
    this.#unsynced = new Set(sources)
  }

  next(): Promise<Result<T>> {
    return new Promise<Result<T>>((resolve, reject) => this.ask(resolve, reject))
  }

  /** {@link next} without a promise: `resolve` or `reject` is called once, at once if it can be. */
  ask(resolve: (result: Result<T>) => void, reject: (error: unknown) => void): void {
    if (this.#waiter !== undefined) {
      const message = 'the last call of next() waits still: a loop asks for one change after the other'
      reject(new KubeInformerError('ERR_CONCURRENT_NEXT', message))
      return
    }
    this.#waiter = { resolve, reject }
    if (!this.#isOpen) this.#open()
    // Its listener may go on at once, and bring the next change before this returns.
    this.#finishHeld()
    this.#hand()
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#isOpen = this.#isEnded = true
    // First: a change that is finished makes room for another one, which nobody would take.
    const removed = this.#registrations.map((registration) => registration.remove())
    this.#failure = undefined
    this.#finishHeld()
    this.#hand()
    await Promise.all(removed)
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  #open(): void {
    this.#isOpen = true
    if (this.#signal?.aborted === true) {
      this.#end()
      return
    }
    try {
      for (const source of this.#sources) this.#registrations.push(this.#register(source))
    } catch (error) {
      // Closed since this was made: as if it had been closed a moment later.
      const isClosed = error instanceof KubeInformerError && error.code === 'ERR_CLOSED'
      if (!isClosed) this.#failure = error
      for (const registration of this.#registrations) void registration.remove()
      this.#end()
    }
  }

  #register(source: LoopSource): Registration {
    let held: HeldChange | undefined
    const take = (event: AnyEvent): HeldChange => {
      held = new HeldChange(event)
      this.#offer(held)
      return held
    }
    return source(
      {
        onAdd: take,
        onUpdate: take,
        onDelete: take,
        onSynced: () => {
          this.#unsynced.delete(source)
          if (this.#unsynced.size > 0) return
          this.#hasSynced = true
          this.#mark(synced)
        },
        onDesynced: () => {
          this.#unsynced.add(source)
          if (this.#hasSynced) this.#mark(desynced)
        },
      },
      () => {
        if (held !== undefined) this.#forget(held)
        if (--this.#openCount === 0) this.#end()
      },
    )
  }

  /** However often it comes and goes while the loop is at work, two marks in a row wait at most. */
  #mark(mark: SyncChange): void {
    const queue = this.#queue
    if (mark === desynced && queue.at(-1) === synced && queue.at(-2) === desynced) queue.pop()
    else if (queue.at(-1) !== mark) this.#offer(mark)
  }

  #offer(item: HeldChange | SyncChange): void {
    this.#queue.push(item)
    this.#hand()
  }

  /** Gives the loop what it waits for, if that is there. */
  #hand(): void {
    const waiter = this.#waiter
    if (waiter === undefined) return
    const item = this.#isEnded ? undefined : this.#queue.shift()
    if (item === undefined && !this.#isEnded) return
    this.#waiter = undefined
    if (item instanceof HeldChange) {
      this.#held = item
      waiter.resolve({ done: false, value: item.event as Change<T> })
    } else if (item !== undefined) {
      waiter.resolve({ done: false, value: item })
    } else if (this.#failure === undefined) {
      waiter.resolve({ done: true, value: undefined })
    } else {
      const error = this.#failure
      this.#failure = undefined
      waiter.reject(error)
    }
  }

  #finishHeld(): void {
    const held = this.#held
    this.#held = undefined
    held?.end()
  }

  /** Its registration has ended: the loop is not given it any more. */
  #forget(held: HeldChange): void {
    const at = this.#queue.indexOf(held)
    if (at < 0) return
    this.#queue.splice(at, 1)
    held.end()
  }

  #end(): void {
    this.#isEnded = true
    if (this.#signal?.aborted === true) this.#failure = abortError(this.#signal)
    this.#hand()
  }
}

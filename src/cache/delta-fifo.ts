import { checkMethods, checkNames, checkType, checkWhole } from '../base/check-options.ts'
import { KeyedQueue, type Queued } from '../base/keyed-queue.ts'
import { KubeInformerError } from '../errors.ts'
import type { KubernetesObject } from '../kubernetes-object.ts'
import { DeletedFinalStateUnknown } from './deleted-final-state-unknown.ts'
import { appendDelta, type Delta, Deltas, type DeltaType, stateOf } from './deltas.ts'
import { type KeyFunc, metaNamespaceKeyFunc } from './object-keys.ts'
import type { PopOptions, Queue } from './queue.ts'

/** What a {@link DeltaFIFO} asks about the store downstream; a {@link Store} is one. */
export interface KeyListerGetter<T> {
  listKeys(): Iterable<string>
  getByKey(key: string): T | undefined
}

export interface DeltaFIFOOptions<T> {
  /** @default metaNamespaceKeyFunc */
  readonly keyFunc?: KeyFunc<T>
  /**
   * What was handed out and is still there: the store that `process` keeps. Without it, `replace` finds only what is
   * queued to be gone, deletes of what is not queued are dropped, and `resync` does nothing.
   */
  readonly knownObjects?: KeyListerGetter<T>
  /** Called once with each object on its way in (never for Sync), before anybody else sees it. May change it in place. */
  readonly transform?: (object: T) => T
  /**
   * An object of a list was left out, because the key function or the transform threw. Without this, the error is thrown
   * by `replace` once the rest is queued, and a Reflector lists again, after pauses, until all goes well.
   */
  readonly onRefused?: (error: unknown, object: T) => void
  /** false: objects of a list come as Sync, as they did before Replaced was. @default true */
  readonly emitDeltaTypeReplaced?: boolean
  /**
   * Deltas waiting, from which on a Reflector reads nothing more of its source, until half of them have gone. A list
   * gets in whole. @default 10,000
   */
  readonly countMax?: number
}

class Entry<T> implements Queued<Entry<T>> {
  readonly key: string
  readonly deltas: Delta<T>[] = []
  /** Belongs to the first list, and was not handed out yet. */
  isInitial = false
  next: Entry<T> | undefined

  constructor(key: string) {
    this.key = key
  }
}

const optionNames: readonly string[] = [
  'keyFunc',
  'knownObjects',
  'transform',
  'onRefused',
  'emitDeltaTypeReplaced',
  'countMax',
]

function checkDeltaFIFOOptions<T>(options: DeltaFIFOOptions<T>): void {
  checkNames('', options, optionNames)
  const { knownObjects } = options
  if (knownObjects !== undefined) checkMethods('knownObjects', knownObjects, ['listKeys', 'getByKey'])
  for (const name of ['keyFunc', 'transform', 'onRefused'] as const)
    checkType(name, options[name], 'function')
  checkType('emitDeltaTypeReplaced', options.emitDeltaTypeReplaced, 'boolean')
  checkWhole('countMax', options.countMax, [1, Number.MAX_SAFE_INTEGER])
}

/**
 * Queues keys, each with all that happened to its object since it was last handed out: client-go's DeltaFIFO.
 *
 * A key keeps the place of its first delta. Deltas of a key come in order, and together; two Deleted in a row are one,
 * nothing else is merged. Handing out is one at a time: a key that is being processed counts as known downstream with
 * its newest delta, so that what comes meanwhile is judged as it would be afterwards.
 *
 * Not bounded by itself: see `countMax`. Objects are handed on as they are, neither copied nor frozen.
 *
 * @example
 * const queue = new DeltaFIFO({ knownObjects: store })
 * queue.add(pod)
 * queue.update(podLater)
 * await queue.pop((deltas) => console.log(deltas.length, deltas.newest().type)) // 2 'Updated'
 */
export class DeltaFIFO<T = KubernetesObject> implements Queue<T> {
  readonly #options: DeltaFIFOOptions<T>
  readonly #keyFunc: KeyFunc<T>
  readonly #items = new KeyedQueue<Entry<T>>()
  readonly #countMax: number
  readonly #synced = Promise.withResolvers<void>()
  #count = 0
  /** A first list, or any event, has come. */
  #isPopulated = false
  /** Keys of the first list not yet processed. */
  #initialCount = 0
  #processing: Entry<T> | undefined
  #lastPop: Promise<unknown> = Promise.resolve()
  #wake: (() => void) | undefined
  #isClosed = false

  /** @throws ERR_INVALID_OPTION */
  constructor(options: DeltaFIFOOptions<T> = {}) {
    checkDeltaFIFOOptions(options)
    const { countMax = 10_000 } = options
    this.#options = options
    this.#keyFunc = options.keyFunc ?? metaNamespaceKeyFunc
    this.#countMax = countMax
  }

  /** Keys waiting. */
  get keyCount(): number {
    return this.#items.keyCount
  }

  /** Deltas waiting. */
  get count(): number {
    return this.#count
  }

  /** Key of an object, of what a delete hands out, or of deltas. */
  keyOf(object: T | DeletedFinalStateUnknown<T> | Deltas<T>): string {
    if (object instanceof Deltas) return this.keyOf(object.newest().object)
    return object instanceof DeletedFinalStateUnknown ? object.key : this.#keyFunc(object)
  }

  /** @throws what the key function or the transform throws; the event is lost then */
  add(object: T): void {
    this.#populated()
    this.#queue(this.#keyFunc(object), 'Added', object)
  }

  /** @throws as {@link add} */
  update(object: T): void {
    this.#populated()
    this.#queue(this.#keyFunc(object), 'Updated', object)
  }

  /**
   * Dropped if the object is neither queued nor known downstream. If the transform throws, the delete is queued without
   * its final state: it must not be lost.
   */
  delete(object: T | DeletedFinalStateUnknown<T>): void {
    this.#populated()
    const key = this.keyOf(object)
    if (!this.#isKnown(key)) return
    let final = object
    try {
      if (!(object instanceof DeletedFinalStateUnknown)) final = this.#transformed(object)
    } catch {
      final = new DeletedFinalStateUnknown(key, this.#options.knownObjects?.getByKey(key))
    }
    this.#append(key, { type: 'Deleted', object: final })
  }

  /**
   * A complete list: Replaced for each object, then Deleted (final state unknown) for whatever is queued or known but
   * not in it.
   *
   * An object that could not be transformed keeps the state that is known of it.
   *
   * @throws what the key function or the transform threw (an AggregateError if more than once), after all the rest was
   * done; see `onRefused`
   */
  replace(objects: readonly T[]): void {
    const { emitDeltaTypeReplaced = true, onRefused } = this.#options
    const type = emitDeltaTypeReplaced ? 'Replaced' : 'Sync'
    const listed = new Set<string>()
    const errors: unknown[] = []
    for (const object of objects) {
      try {
        const key = this.#keyFunc(object)
        listed.add(key)
        this.#queue(key, type, object)
      } catch (error) {
        if (onRefused === undefined) errors.push(error)
        else onRefused(error, object)
      }
    }
    this.#deleteOthers(listed)
    if (!this.#isPopulated) this.#beginInitialList()
    if (errors.length > 0) {
      throw errors.length === 1
        ? errors[0]
        : new AggregateError(errors, 'objects of a list could not be queued')
    }
  }

  /** Sync for every known object of which nothing is queued, and nothing in process: that would be older than it. */
  resync(): void {
    const { knownObjects } = this.#options
    if (knownObjects === undefined) return
    for (const key of knownObjects.listKeys()) {
      if (this.#items.get(key) !== undefined || this.#processing?.key === key) continue
      const object = knownObjects.getByKey(key)
      if (object !== undefined) this.#append(key, { type: 'Sync', object })
    }
  }

  /**
   * Hands the first key's deltas to `process`, waiting for one if there is none. Concurrent pops are served one after
   * the other, each when the one before has ended.
   */
  pop(
    process: (deltas: Deltas<T>, isInInitialList: boolean) => unknown,
    options: PopOptions = {},
  ): Promise<Deltas<T>> {
    const pop = this.#lastPop.then(() => this.#pop(process, options))
    this.#lastPop = pop.catch(() => {})
    return pop
  }

  /**
   * True once all objects of the first list have been processed, whatever came of it; at once if that was empty, or if
   * any event came before it.
   */
  hasSynced(): boolean {
    return this.#isPopulated && this.#initialCount === 0
  }

  get synced(): Promise<void> {
    return this.#synced.promise
  }

  pressure(): 'open' | 'half' | 'full' {
    if (this.#count >= this.#countMax) return 'full'
    return this.#count * 2 >= this.#countMax ? 'half' : 'open'
  }

  /** What is queued can still be popped; writes go on being taken. */
  close(): void {
    this.#isClosed = true
    this.#wake?.()
  }

  async #pop(
    process: (deltas: Deltas<T>, isInInitialList: boolean) => unknown,
    options: PopOptions,
  ): Promise<Deltas<T>> {
    let entry = this.#items.shift()
    while (entry === undefined) {
      if (this.#isClosed) throw new KubeInformerError('ERR_CLOSED', 'the queue is closed and empty')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
      entry = this.#items.shift()
    }
    const deltas = new Deltas(entry.deltas as [Delta<T>, ...Delta<T>[]])
    const isInInitialList = !this.hasSynced()
    this.#count -= deltas.length
    this.#processing = entry
    try {
      await process(deltas, isInInitialList)
    } catch (error) {
      if (options.requeueOnError === true) this.#requeue(entry)
      throw error
    } finally {
      this.#processing = undefined
      if (entry.isInitial) {
        this.#initialCount--
        this.#tellSynced()
      }
    }
    return deltas
  }

  #requeue({ key, deltas }: Entry<T>): void {
    const later = this.#items.get(key)?.deltas.splice(0) ?? []
    this.#count -= later.length
    for (const delta of [...deltas, ...later]) this.#append(key, delta)
  }

  #populated(): void {
    if (this.#isPopulated) return
    this.#isPopulated = true
    this.#tellSynced()
  }

  #beginInitialList(): void {
    this.#isPopulated = true
    for (let entry = this.#items.head; entry !== undefined; entry = entry.next) {
      entry.isInitial = true
      this.#initialCount++
    }
    this.#tellSynced()
  }

  #tellSynced(): void {
    if (this.hasSynced()) this.#synced.resolve()
  }

  #deleteOthers(listed: ReadonlySet<string>): void {
    const { knownObjects } = this.#options
    for (let entry = this.#items.head; entry !== undefined; entry = entry.next) {
      if (!listed.has(entry.key)) this.#vanished(entry.key, stateOf(entry.deltas.at(-1) as Delta<T>))
    }
    const inProcess = this.#processing
    if (inProcess !== undefined && !this.#isSettled(inProcess.key, listed)) {
      const newest = inProcess.deltas.at(-1) as Delta<T>
      if (newest.type !== 'Deleted') this.#vanished(inProcess.key, newest.object)
    }
    for (const key of knownObjects?.listKeys() ?? []) {
      if (key !== inProcess?.key && !this.#isSettled(key, listed)) {
        this.#vanished(key, knownObjects?.getByKey(key))
      }
    }
  }

  #isSettled(key: string, listed: ReadonlySet<string>): boolean {
    return listed.has(key) || this.#items.get(key) !== undefined
  }

  #vanished(key: string, object: T | undefined): void {
    this.#append(key, { type: 'Deleted', object: new DeletedFinalStateUnknown(key, object) })
  }

  #isKnown(key: string): boolean {
    if (this.#items.get(key) !== undefined) return true
    if (this.#processing?.key === key) return this.#processing.deltas.at(-1)?.type !== 'Deleted'
    return this.#options.knownObjects?.getByKey(key) !== undefined
  }

  #transformed(object: T): T {
    const { transform } = this.#options
    return transform === undefined ? object : transform(object)
  }

  #queue(key: string, type: Exclude<DeltaType, 'Deleted'>, object: T): void {
    this.#append(key, { type, object: this.#transformed(object) })
  }

  #append(key: string, delta: Delta<T>): void {
    let entry = this.#items.get(key)
    if (entry === undefined) {
      entry = new Entry<T>(key)
      this.#items.push(entry)
    }
    const before = entry.deltas.length
    appendDelta(entry.deltas, delta)
    this.#count += entry.deltas.length - before
    this.#wake?.()
  }
}

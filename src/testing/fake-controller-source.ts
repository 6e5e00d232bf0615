import { checkNames, checkType } from '../base/check-options.ts'
import { metaNamespaceKeyFunc } from '../cache/object-keys.ts'
import type { KubernetesObject, ObjectMeta } from '../kubernetes-object.ts'
import type {
  ListerWatcher,
  SourceEvent,
  SourceList,
  SourceListOptions,
  SourceWatchOptions,
} from '../lister-watcher.ts'
import { type ApiFailure, failures } from './embedded/status.ts'

/** An object for a {@link FakeControllerSource}: it gives versions itself, and a uid if there is none. */
export type FakeObject<T extends KubernetesObject> = Omit<T, 'metadata'> & {
  readonly metadata: Partial<T['metadata']> & Pick<ObjectMeta, 'name'>
}

type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED'

interface Change<T> {
  readonly version: number
  readonly event: { readonly type: ChangeType; readonly object: T }
}

/** An open watch: what it has still to tell. */
class Watcher<T> {
  readonly events: SourceEvent<T>[]
  isOver = false
  wake: (() => void) | undefined

  constructor(events: SourceEvent<T>[]) {
    this.events = events
  }

  end(): void {
    this.isOver = true
    this.wake?.()
  }
}

/**
 * An API endpoint in memory: a ListerWatcher for tests of controllers, with the faults that matter to one.
 *
 * Versions are a counter of its own, one step a change. A watch tells every change after its version, first those that
 * have happened already, then live ones; it ends only by {@link resetWatch} or its signal. Any number of watches may be
 * open. Nothing is checked against what is stored, so that any order of events can be made; a DELETED of what never was is
 * told, too. Objects are copied on their way in and out. Everything that is listed comes in one page. Remembers all changes
 * until {@link resetWatch}.
 *
 * @example
 * const source = new FakeControllerSource<Pod>()
 * source.add({ metadata: { namespace: 'default', name: 'web-1' } })
 * const { store, controller } = newInformer({ listerWatcher: source, handler })
 */
export class FakeControllerSource<T extends KubernetesObject = KubernetesObject> implements ListerWatcher<T> {
  /** Thrown by every `list()` while set. A number under `code` counts as an HTTP status. */
  listError: unknown
  readonly #random: () => number
  readonly #objects = new Map<string, T>()
  #history: Change<T>[] = []
  readonly #watchers = new Set<Watcher<T>>()
  #version = 0
  /** Watches from below are expired. */
  #oldestVersion = 0
  #uids = 0

  /** `random`: decides about {@link change}s that are told with a probability. @default Math.random @throws ERR_INVALID_OPTION */
  constructor(options: { readonly random?: () => number } = {}) {
    checkNames('', options, ['random'])
    checkType('random', options.random, 'function')
    this.#random = options.random ?? Math.random
  }

  /** Of the last change. */
  get resourceVersion(): string {
    return String(this.#version)
  }

  /** Watches that are open. */
  get watcherCount(): number {
    return this.#watchers.size
  }

  /** What a list gives now. */
  get objects(): readonly T[] {
    return [...this.#objects.values()].map((object) => structuredClone(object))
  }

  /**
   * Returns the object as it is stored, with version and uid; so do all that change something. One that exists is replaced,
   * and told as ADDED; without a uid of its own the new one is another object.
   */
  add(object: FakeObject<T>): T {
    return this.change('ADDED', object)
  }

  /** Replaces the whole object; keeps its uid. One that does not exist is added, and told as MODIFIED. */
  modify(object: FakeObject<T>): T {
    return this.change('MODIFIED', object)
  }

  /**
   * The event carries the last state that was stored, with the version of the delete. For one that does not exist, DELETED
   * is told all the same, with `object` as it was given; a `DeltaFIFO` that does not know it drops that.
   */
  delete(object: FakeObject<T>): T {
    return this.change('DELETED', object)
  }

  /** Adds without telling open watches; later ones are told, and lists have it. */
  addDropWatch(object: FakeObject<T>): T {
    return this.change('ADDED', object, 0)
  }

  /** As {@link addDropWatch}. */
  modifyDropWatch(object: FakeObject<T>): T {
    return this.change('MODIFIED', object, 0)
  }

  /** As {@link addDropWatch}: what lists it afterwards finds it gone, without its final state. */
  deleteDropWatch(object: FakeObject<T>): T {
    return this.change('DELETED', object, 0)
  }

  /** Makes a change that open watches are told of with a probability from 0 to 1 (all of them, or none). */
  change(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: FakeObject<T>, watchProbability: number = 1): T {
    const key = metaNamespaceKeyFunc(object)
    const version = ++this.#version
    const stored = this.#stored(type, key, object, version)
    if (type === 'DELETED') this.#objects.delete(key)
    else this.#objects.set(key, stored)
    const event = { type, object: stored }
    this.#history.push({ version, event })
    if (this.#random() < watchProbability) {
      for (const watcher of this.#watchers) {
        watcher.events.push(event)
        watcher.wake?.()
      }
    }
    return structuredClone(stored)
  }

  /**
   * Ends all watches and forgets all changes, as a server does that restarts: whoever watches again from a version of
   * before is told that it has expired, and must list.
   */
  resetWatch(): void {
    this.#version++
    this.#oldestVersion = this.#version
    this.#history = []
    for (const watcher of this.#watchers) watcher.end()
  }

  /** @throws `listError`; 504 for a version that is not there yet */
  async list(options: SourceListOptions): Promise<SourceList<T>> {
    if (this.listError !== undefined) throw this.listError
    this.#refuseFuture(options.resourceVersion)
    return { metadata: { resourceVersion: this.resourceVersion }, items: this.objects }
  }

  /** Ends with an ERROR of code 410 if the version has expired. @throws 504 for a version that is not there yet */
  async watch(options: SourceWatchOptions): Promise<AsyncIterable<SourceEvent<T>>> {
    const from = this.#refuseFuture(options.resourceVersion)
    const missed = this.#history.filter(({ version }) => version > from)
    const watcher = new Watcher<T>(missed.map(({ event }) => event))
    if (from < this.#oldestVersion) {
      const { status: code, reason, message } = failures.expired(`too old resource version: ${from}`)
      watcher.events.push({ type: 'ERROR', object: { kind: 'Status', code, reason, message } })
      watcher.isOver = true
    } else if (!options.signal.aborted) {
      this.#watchers.add(watcher)
      // Also for a watch that nobody ever reads.
      options.signal.addEventListener('abort', () => this.#close(watcher), { once: true })
    }
    return this.#events(watcher, options.signal)
  }

  async *#events(watcher: Watcher<T>, signal: AbortSignal): AsyncGenerator<SourceEvent<T>, void> {
    try {
      while (!signal.aborted) {
        const event = watcher.events.shift()
        if (event !== undefined) yield structuredClone(event)
        else if (watcher.isOver) return
        else {
          await new Promise<void>((resolve) => {
            watcher.wake = resolve
          })
        }
      }
    } finally {
      this.#close(watcher)
    }
  }

  #close(watcher: Watcher<T>): void {
    this.#watchers.delete(watcher)
    watcher.end()
  }

  #stored(type: ChangeType, key: string, object: FakeObject<T>, version: number): T {
    const before = this.#objects.get(key)
    const base = type === 'DELETED' && before !== undefined ? before : object
    const uid = object.metadata.uid ?? (type === 'ADDED' ? undefined : before?.metadata.uid) ?? this.#newUid()
    const metadata = { ...base.metadata, uid, resourceVersion: String(version) }
    // Complete now: what FakeObject leaves out of T are the two fields above.
    return structuredClone({ ...base, metadata }) as unknown as T
  }

  #newUid(): string {
    return `00000000-0000-4000-8000-${String(++this.#uids).padStart(12, '0')}`
  }

  /** The version asked for; `''` means now. */
  #refuseFuture(resourceVersion: string = ''): number {
    if (resourceVersion === '') return this.#version
    const wanted = Number(resourceVersion)
    if (wanted <= this.#version) return wanted
    throw Number.isNaN(wanted)
      ? new SourceFailure(failures.badRequest(`Invalid value: "${resourceVersion}": invalid resourceVersion`))
      : new SourceFailure(failures.versionTooLarge(wanted, this.#version))
  }
}

/** As a client throws it: the status as a number under `code`, a Status as `body`. */
class SourceFailure extends Error {
  readonly code: number
  readonly body: string

  constructor(failure: ApiFailure) {
    super(failure.message)
    this.code = failure.status
    this.body = failure.body()
  }
}

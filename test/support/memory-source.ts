import type { ListerWatcher, SourceEvent, SourceListOptions, SourceWatchOptions } from '../../src/index.ts'
import type { ConfigMap } from '../contract/contract-bed.ts'

type Event = SourceEvent<ConfigMap>

interface Watcher {
  /** False: it is not listened to any more. */
  readonly push: (event: Event) => boolean
  readonly end: (error?: unknown) => void
}

/** A ListerWatcher over a map, with a history and faults on request; it honours pages, and counts what is open. */
export class MemorySource implements ListerWatcher<ConfigMap> {
  /** `list`, `list +` (a further page), `watch VERSION`. */
  readonly calls: string[] = []
  version = 100
  /** Iterators that were made and have neither ended nor been returned. */
  openIterators = 0
  /** What `return()` of an iterator is called on. */
  returned = 0
  /** Goes on as if nothing happened when its signal aborts. */
  ignoresSignals = false
  readonly failures: { readonly when: 'list' | 'watch'; readonly error: unknown }[] = []
  readonly #objects = new Map<string, ConfigMap>()
  readonly #history: { readonly version: number; readonly event: Event }[] = []
  readonly #watchers = new Set<Watcher>()
  #compactedAt = 0

  async list({ limit, continue: token }: SourceListOptions): Promise<{
    metadata: { resourceVersion: string; continue?: string }
    items: ConfigMap[]
  }> {
    this.calls.push(token === undefined ? 'list' : 'list +')
    this.#failIfAsked('list')
    const all = [...this.#objects.values()]
    const from = Number(token ?? 0)
    const to = limit === undefined ? all.length : from + limit
    return {
      metadata: { resourceVersion: String(this.version), ...(to < all.length && { continue: String(to) }) },
      items: all.slice(from, to),
    }
  }

  watch({ resourceVersion, signal }: SourceWatchOptions): AsyncIterable<Event> {
    this.calls.push(`watch ${resourceVersion}`)
    return { [Symbol.asyncIterator]: () => this.#iterate(Number(resourceVersion), signal) }
  }

  get watcherCount(): number {
    return this.#watchers.size
  }

  /** `more` may hold anything, also what has no JSON. */
  put(name: string, data: Record<string, string> = {}, more: object = {}): void {
    const old = this.#objects.get(name)
    const metadata = {
      name,
      namespace: 'default',
      uid: old?.metadata.uid ?? `00000000-0000-4000-8000-${String(this.version).padStart(12, '0')}`,
      resourceVersion: String(++this.version),
    }
    const object = { metadata, data, ...more }
    this.#objects.set(name, object)
    this.#tell({ type: old === undefined ? 'ADDED' : 'MODIFIED', object })
  }

  delete(name: string): void {
    const old = this.#objects.get(name)
    if (old === undefined) return
    this.#objects.delete(name)
    const metadata = { ...old.metadata, resourceVersion: String(++this.version) }
    this.#tell({ type: 'DELETED', object: { ...old, metadata } })
  }

  /** To whoever watches, and to nobody later. */
  tell(event: Event): void {
    for (const watcher of this.#watchers) watcher.push(event)
  }

  endWatches(error?: unknown): void {
    for (const watcher of [...this.#watchers]) watcher.end(error)
  }

  /** No version before the present one can be watched from. */
  compact(): void {
    this.#history.length = 0
    this.#compactedAt = ++this.version
  }

  /** As ContractBed.truth(). */
  truth(): Map<string, string> {
    return new Map(
      [...this.#objects.values()].map(({ metadata }) => [
        `${metadata.namespace}/${metadata.name}`,
        `${metadata.uid}@${metadata.resourceVersion}`,
      ]),
    )
  }

  #tell(event: Event): void {
    this.#history.push({ version: this.version, event })
    this.tell(event)
  }

  #failIfAsked(when: 'list' | 'watch'): void {
    const at = this.failures.findIndex((failure) => failure.when === when)
    if (at >= 0) throw this.failures.splice(at, 1)[0]?.error
  }

  #iterate(from: number, signal: AbortSignal): AsyncIterator<Event> {
    this.openIterators++
    const events: Event[] = []
    let ended: { readonly error?: unknown } | undefined
    let wake = (): void => {}
    let isCounted = true
    const uncount = (): void => {
      if (isCounted) this.openIterators--
      isCounted = false
      this.#watchers.delete(watcher)
    }
    const end = (error?: unknown): void => {
      ended ??= { error }
      wake()
    }
    const watcher: Watcher = {
      push: (event) => {
        events.push(event)
        wake()
        return true
      },
      end,
    }
    if (from < this.#compactedAt) {
      events.push({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })
    }
    for (const { version, event } of this.#history) if (version > from) events.push(event)
    this.#watchers.add(watcher)
    if (!this.ignoresSignals) signal.addEventListener('abort', () => end(signal.reason))
    return {
      next: async () => {
        this.#failIfAsked('watch')
        for (;;) {
          const event = events.shift()
          if (event !== undefined) return { value: event, done: false }
          if (ended !== undefined) {
            uncount()
            if (ended.error !== undefined) throw ended.error
            return { value: undefined, done: true }
          }
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      },
      return: async () => {
        this.returned++
        uncount()
        return { value: undefined, done: true }
      },
    }
  }
}

import { parseResourceVersion } from '../../src/protocol/resource-version.ts'
import type { DeltaSink } from '../../workers/delta.ts'
import type { ModelServer, ObjectState, ServerEvent, Snapshot } from './model-server.ts'
import type { Random } from './random.ts'

/** Chances, per step of reading, that the way from the server does something unpleasant. */
export interface ReadingFaults {
  /** The server drops an event of a watch silently. */
  readonly lose: number
  /** An object arrives broken behind its metadata. */
  readonly refuse: number
  /** The watch goes back and tells again what it told before. */
  readonly repeat: number
  /** The stream ends (and is opened again), or a list breaks off. */
  readonly cut: number
  /** Lists are answered by a replica that lags behind the others. */
  readonly stale: boolean
  /** Things come as if nothing had an order but the stream: where versions cannot be compared, nobody could tell. */
  readonly disorder: boolean
}

/** What the contract wants to know of what is read. */
export interface ReadingObserver {
  /** `isRepeat`: not above what this watch told before, so nothing new. */
  offered(kind: 'upsert' | 'deleted', state: ObjectState, isRepeat: boolean): void
  /** This event (or list item) never arrives, though later ones do. `generation`: of the list it was in. */
  lost(state: ObjectState, generation: number | undefined): void
  /** After that, of an end that is none of a repeat. */
  brokenEnd(state: ObjectState): void
  listStarted(generation: number, reset: boolean): void
  /** Everything lost at or below `repairedVersion` is repaired once main has applied this list. */
  listEnded(generation: number, repairedVersion: number, highestVersion: number): void
  log(line: string): void
}

interface List {
  readonly mode: 'paged' | 'unpaged' | 'stream'
  readonly generation: number
  readonly isReset: boolean
  readonly knownBefore: number
  /** Versions of the pages; the snapshot of a stream. */
  readonly versions: number[]
  /** Whether the version stands before the items (built-in kinds) or behind (custom resources, streams). */
  readonly isVersionEarly: boolean
  pending: ObjectState[]
  /** First key that no page covers yet. */
  nextKey: number
  /** Live events of a stream are read up to here. */
  cursor: number
}

type Phase =
  | { readonly kind: 'list-needed'; readonly reset: boolean; readonly unpaged: boolean }
  | { readonly kind: 'listing'; readonly list: List }
  | { readonly kind: 'closed' }
  | { readonly kind: 'watching' }

export interface ReadingOptions {
  readonly server: ModelServer
  readonly sink: DeltaSink
  readonly random: Random
  readonly observer: ReadingObserver
  readonly faults: ReadingFaults
  /** Where main says the watch may resume; absent: it begins with a list. */
  readonly resumeVersion?: number
  /** Highest version that anybody behind the sink may know: a consistent list below it is another world's. */
  readonly knownVersion: number
  /** No replica lags behind it: an earlier list told by what was not in it. */
  readonly lagFloor: number
  /** Planted mutation: a list of several pages is followed by a watch from the highest of their versions. */
  readonly watchFromHighestPage: boolean
}

/** A reflector by the book, cut into single steps so that anything may happen between two of them. */
export class Reading {
  readonly #options: ReadingOptions
  #phase: Phase
  /** Newest version the watch told: what it resumes from. */
  #last: number
  /** The same, less what was broken: below it nothing is news. */
  #told: number
  /** Where the open stream is; behind `#last` while it repeats itself. */
  #cursor: number
  known: number
  faults: ReadingFaults
  /** It has a version that a replica can be asked to have reached. */
  #mayLag: boolean

  constructor(options: ReadingOptions) {
    this.#options = options
    this.faults = options.faults
    this.#last = options.resumeVersion ?? 0
    this.#mayLag = options.resumeVersion !== undefined
    this.#cursor = this.#last
    this.#told = this.#last
    this.known = Math.max(options.knownVersion, this.#last)
    this.#phase =
      options.resumeVersion === undefined
        ? { kind: 'list-needed', reset: false, unpaged: false }
        : { kind: 'closed' }
  }

  get isListing(): boolean {
    return this.#phase.kind === 'listing'
  }

  /** Nothing is left to be read, and the watch knows that it has read everything. */
  get isIdle(): boolean {
    const { server } = this.#options
    if (this.#phase.kind !== 'watching' || this.#last < server.version) return false
    return server.nextEvent(this.#cursor) === undefined
  }

  step(): void {
    const { random } = this.#options
    if (this.faults.cut > 0 && random.chance(this.faults.cut)) this.cut()
    switch (this.#phase.kind) {
      case 'list-needed':
        this.#startList(this.#phase.reset, this.#phase.unpaged)
        break
      case 'listing':
        this.#listStep(this.#phase.list)
        break
      case 'closed':
        this.#open()
        break
      case 'watching':
        this.#watchStep()
        break
    }
  }

  /** The connection breaks. */
  cut(): void {
    if (this.#phase.kind === 'listing') {
      this.#abort('cut', false)
    } else if (this.#phase.kind === 'watching') {
      this.#options.observer.log('read: stream ends')
      this.#phase = { kind: 'closed' }
    }
  }

  /** Somebody wants a new list; 410 in the stream does. */
  relist(): void {
    if (this.#phase.kind !== 'listing' && this.#phase.kind !== 'list-needed') {
      this.#phase = { kind: 'list-needed', reset: false, unpaged: false }
    }
  }

  #abort(why: string, reset: boolean): void {
    const { sink, observer } = this.#options
    observer.log(`read: list breaks off (${why})`)
    sink.listAbort()
    this.#phase = { kind: 'list-needed', reset, unpaged: false }
  }

  #startList(reset: boolean, unpaged: boolean): void {
    const { server, sink, random, observer } = this.#options
    const mode = unpaged
      ? 'unpaged'
      : reset
        ? 'paged'
        : random.pick(['paged', 'paged', 'unpaged', 'stream'] as const)
    const generation = sink.listStart(reset)
    observer.listStarted(generation, reset)
    if (reset) this.known = 0
    const list: List = {
      mode,
      generation,
      isReset: reset,
      knownBefore: this.known,
      versions: [],
      isVersionEarly: random.chance(0.5),
      pending: [],
      nextKey: 0,
      cursor: 0,
    }
    this.#phase = { kind: 'listing', list }
    observer.log(`read: list ${generation} begins, ${mode}${reset ? ', reset' : ''}`)
    if (mode !== 'paged') {
      const snapshot = this.#freshOrStale()
      this.#tell(list, snapshot.version)
      list.cursor = snapshot.version
      list.nextKey = server.keys.length
      list.pending = mode === 'stream' ? random.shuffled(snapshot.items) : [...snapshot.items]
      if (mode === 'unpaged' && list.isVersionEarly) this.#checkWorld(list, snapshot.version)
    }
  }

  /** A replica may lag, but never behind what this very watch has been told (it asks for not older than that). */
  #freshOrStale(): Snapshot {
    const { server, random } = this.#options
    const fresh = server.snapshot()
    if (!this.faults.stale || !this.#mayLag || random.chance(0.2)) return fresh
    const floor = Math.max(this.known, this.#options.lagFloor)
    const lagMax = Math.max(1, fresh.version - floor)
    const stale = server.snapshotAt(floor + Math.min(random.below(lagMax), random.below(lagMax)))
    return stale.version >= floor ? stale : fresh
  }

  #listStep(list: List): void {
    const { random } = this.#options
    if (this.faults.disorder && list.mode === 'stream' && list.pending.length > 0 && random.chance(0.1)) {
      if (this.#listStreamEvent(list)) return
    }
    const state = list.pending.shift()
    if (state !== undefined) {
      this.#offer('upsert', state, list.generation)
      return
    }
    if (list.mode === 'stream' && random.chance(0.6) && this.#listStreamEvent(list)) return
    if (list.mode === 'paged' && list.nextKey < this.#options.server.keys.length) this.#nextPage(list)
    else this.#endList(list)
  }

  /** A live event between the initial ones of a stream and its end bookmark. */
  #listStreamEvent(list: List): boolean {
    const event = this.#options.server.nextEvent(list.cursor)
    if (event === undefined) return false
    list.cursor = event.version
    this.#event(event, list.generation)
    return true
  }

  #nextPage(list: List): void {
    const { server, random } = this.#options
    const first = list.versions[0]
    // The token of the first page still holds, or it is 410 and the fresh one goes on at a newer version.
    const snapshot =
      first !== undefined && (!this.faults.disorder || random.chance(0.5))
        ? server.snapshotAt(first)
        : this.#freshOrStale()
    const version = first === undefined ? snapshot.version : Math.max(first, snapshot.version)
    this.#tell(list, version)
    const keys = [...server.keys].sort()
    const from = keys[list.nextKey] as string
    list.nextKey += 1 + random.below(keys.length - list.nextKey)
    const to = keys[list.nextKey]
    const items = version === snapshot.version ? snapshot.items : server.snapshotAt(version).items
    list.pending = items.filter((state) => state.key >= from && (to === undefined || state.key < to))
    if (list.isVersionEarly) this.#checkWorld(list, version)
  }

  /** An answer of this version tells also by what is not in it, so the version counts as known at once. */
  #tell(list: List, version: number): void {
    list.versions.push(this.#options.server.give(version))
    this.known = Math.max(this.known, version)
  }

  /** A consistent answer below what is known: etcd was restored, versions so far mean nothing any more. */
  #checkWorld(list: List, version: number): boolean {
    if (list.isReset || version >= list.knownBefore) return true
    this.#abort(`version ${version} below ${list.knownBefore}`, true)
    return false
  }

  #endList(list: List): void {
    const { server, sink, observer, watchFromHighestPage } = this.#options
    const lowest = Math.min(...list.versions)
    const version =
      list.mode === 'stream' ? list.cursor : watchFromHighestPage ? Math.max(...list.versions) : lowest
    if (!this.#checkWorld(list, version)) return
    server.give(version)
    const text = server.versionText(version)
    sink.listEnd(
      parseResourceVersion(text),
      text,
      parseResourceVersion(server.versionText(Math.max(this.known, version))),
    )
    observer.listEnded(list.generation, lowest, Math.max(...list.versions))
    observer.log(`read: list ${list.generation} ends at ${version}`)
    this.#mayLag = true
    this.#last = version
    this.#told = version
    this.#cursor = version
    this.known = Math.max(this.known, version)
    if (list.mode === 'stream') this.#phase = { kind: 'watching' }
    else if (version < server.floor) this.#phase = { kind: 'list-needed', reset: false, unpaged: true }
    else this.#phase = { kind: 'closed' }
  }

  #open(): void {
    const { server, sink, observer } = this.#options
    if (this.#last < server.floor || this.#last > server.version) {
      observer.log(`read: watch from ${this.#last} refused`)
      this.#phase = { kind: 'list-needed', reset: false, unpaged: false }
      return
    }
    observer.log(`read: watch from ${this.#last}`)
    const text = server.versionText(this.#last)
    sink.watchStart(parseResourceVersion(text), text)
    this.#cursor = this.#last
    this.#told = this.#last
    this.#phase = { kind: 'watching' }
  }

  #watchStep(): void {
    const { server, random, sink, observer } = this.#options
    if (this.faults.repeat > 0 && random.chance(this.faults.repeat)) {
      this.#cursor = Math.min(this.#last, Math.max(server.floor, this.#last - random.below(8)))
      observer.log(`read: stream repeats after ${this.#cursor}`)
    }
    const event = server.nextEvent(this.#cursor)
    if (event !== undefined) {
      this.#cursor = event.version
      if (event.version > this.#last && random.chance(this.faults.lose)) {
        observer.log(`read: ${event.type} ${name(event.state)} is lost`)
        observer.lost(event.state, undefined)
        return
      }
      this.#event(event, undefined)
      this.#last = Math.max(this.#last, event.version)
    } else if (server.version > this.#last) {
      // A bookmark.
      this.#last = server.give(server.version)
      this.#cursor = this.#last
      this.#told = this.#last
      this.known = Math.max(this.known, this.#last)
      observer.log(`read: bookmark ${this.#last}`)
      const text = server.versionText(this.#last)
      sink.bookmark(parseResourceVersion(text), text)
    }
  }

  #event(event: ServerEvent, generation: number | undefined): void {
    this.#offer(event.type === 'DELETED' ? 'deleted' : 'upsert', event.state, generation)
  }

  #offer(kind: 'upsert' | 'deleted', state: ObjectState, generation: number | undefined): void {
    const { sink, observer, random } = this.#options
    this.known = Math.max(this.known, this.#options.server.give(state.version))
    if (this.faults.refuse > 0 && random.chance(this.faults.refuse)) {
      observer.log(`read: ${kind} ${name(state)} is broken`)
      observer.lost(state, generation)
      if (kind === 'deleted' && !(generation === undefined && state.version <= this.#told))
        observer.brokenEnd(state)
      sink.object(kind, state.bytes, 0, state.bytes.length - 1)
      // That an object ended is told though its end cannot be read; told again, readable, it is a repeat.
      if (kind === 'deleted' && generation === undefined) this.#told = Math.max(this.#told, state.version)
      return
    }
    const isRepeat = generation === undefined && state.version <= this.#told
    if (generation === undefined) this.#told = Math.max(this.#told, state.version)
    observer.log(`read: ${kind} ${name(state)}${isRepeat ? ', again' : ''}`)
    observer.offered(kind, state, isRepeat)
    sink.object(kind, state.bytes, 0, state.bytes.length)
  }
}

export function name(state: ObjectState): string {
  return `${state.key} ${state.uid.slice(-4)}@${state.version}`
}

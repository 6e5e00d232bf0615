import type { AddEvent } from '../../src/notify/handlers.ts'
import type { Overflow } from '../../src/notify/listener-limits.ts'
import type { Registration } from '../../src/notify/registration.ts'
import type { ReplayDeleteEvent, ReplayUpdateEvent } from '../../src/notify/replay-handlers.ts'
import type { CacheStory, StoryStep } from './cache-story.ts'
import { violate } from './contract-violation.ts'
import type { ObjectState } from './model-server.ts'
import { name } from './reading.ts'

/** What the handlers of these tests read of an object. */
export interface Thing {
  readonly metadata: {
    readonly uid: string
    readonly resourceVersion: string
    readonly labels: { readonly color: string }
  }
  readonly spec: { readonly serial: number }
}

export type AnyEvent = AddEvent<Thing> | ReplayUpdateEvent<Thing> | ReplayDeleteEvent<Thing>

/** A call that its handler has not settled, or what a loop has not asked on after: of a batch, all of it. */
export type OpenCall = readonly ToldChange[]

interface ToldChange {
  readonly key: string
  readonly state: ObjectState
  readonly type: AnyEvent['type']
  readonly cause: AnyEvent['cause']
  /** Step of the cache's story that it tells, if it tells no delete. */
  readonly at: number
}

/** An object that was cached when the listener could first have synced. */
interface Required {
  /** Steps of its story: when it came, and how many there were when the list was complete. */
  readonly addedAt: number
  readonly length: number
}

export interface ListenerContractOptions {
  readonly label: string
  readonly cache: CacheStory
  readonly stateOf: (object: Thing) => ObjectState | undefined
  readonly versionText: (version: number) => string
  readonly countMax: number
  readonly concurrency: number
  /** Changes in one call: 1 where they are told one by one. */
  readonly batchCountMax: number
  readonly overflow: Overflow
  readonly doesResync: boolean
  /** Objects may have been cached before it came. */
  readonly isLate: boolean
  /** Updates that leave the colour as it was may be kept back: of the rest of an object it may know an older state. */
  readonly isFiltered: boolean
  /** Takes a change later than its call starts: it may have passed by then. */
  readonly isLoop: boolean
  readonly log: (line: string) => void
}

/** Holds everything one registration tells its handlers against the story of the cache since it was added. */
export class ListenerContract {
  readonly #options: ListenerContractOptions
  readonly #told = new Map<string, ObjectState>()
  /** Per key the step of the story it was told last. */
  readonly #at = new Map<string, number>()
  readonly #calls = new Set<OpenCall>()
  /** Per key the step of the last add that is finished. */
  readonly #finishedAt = new Map<string, number>()
  #required: Map<string, Required> | undefined
  #stepsBefore = 0
  #replayed = 0
  #delivered = 0
  #resyncs = 0
  /** Calls that a comparison after a desync led to. */
  #compared = 0
  #isDesynced = false
  /** Those that ran when it was told so. */
  #callsAtDesync: ReadonlySet<OpenCall> = new Set()
  errors = 0
  #hasSynced = false
  #syncedCalls = 0
  isRemoved = false
  /** A loop is at a mark: it may be given one change already, which nobody knows of. */
  isAtMark = false

  constructor(options: ListenerContractOptions) {
    this.#options = options
    const { cache } = options
    for (const [key, story] of cache.stories) {
      this.#stepsBefore += story.length
      this.#at.set(key, cache.fold.has(key) ? story.length - 2 : story.length - 1)
    }
    this.#replayed = cache.fold.size
    if (cache.listsCompleted > 0) this.listCompleted()
  }

  get told(): ReadonlyMap<string, ObjectState> {
    return this.#told
  }

  get openCalls(): number {
    return this.#calls.size
  }

  listCompleted(): void {
    if (this.#required !== undefined) return
    const { cache } = this.#options
    this.#required = new Map()
    for (const key of cache.fold.keys()) {
      const story = cache.stories.get(key) ?? []
      this.#required.set(key, {
        addedAt: story.findLastIndex(({ kind }) => kind === 'add'),
        length: story.length,
      })
    }
  }

  started(events: readonly AnyEvent[]): OpenCall {
    const { label, concurrency, batchCountMax } = this.#options
    const active = new Set([...this.#calls].flatMap((call) => call.map(({ key }) => key)))
    const both = events.find(({ key }) => active.has(key))
    if (both !== undefined) violate('one call an object', `${label} is called twice at once for ${both.key}`)
    if (this.#calls.size >= concurrency)
      violate('concurrency', `${label} has ${this.#calls.size + 1} calls at once`)
    if (events.length === 0 || events.length > batchCountMax)
      violate('batch', `${label} is given ${events.length} changes at once`)
    const call = events.map((event) => this.#take(event))
    this.#calls.add(call)
    return call
  }

  #take(event: AnyEvent): ToldChange {
    const { label, log } = this.#options
    const state = this.#check(event)
    const unknown = event.finalStateUnknown ? ', final state unknown' : ''
    log(`${label}: ${event.type} ${name(state)} (${event.cause}${unknown})`)
    // After a reset the same state may stand in the story twice; in doubt it is the later one that was told.
    const story = this.#options.cache.stories.get(event.key) ?? []
    const at = story.findLastIndex((step) => step.state === state && step.kind !== 'delete')
    return { key: event.key, state, type: event.type, cause: event.cause, at }
  }

  ended(call: OpenCall): void {
    this.#calls.delete(call)
    for (const { key, type, cause, at } of call)
      if (type === 'add' || cause === 'replay') this.#finishedAt.set(key, at)
  }

  synced(registration: Registration): void {
    const { label, log } = this.#options
    log(`${label}: synced`)
    this.#syncedCalls++
    if (this.isRemoved) violate('removed', `${label} is told that it is synced`)
    if (this.#syncedCalls > 1 && !this.#isDesynced) violate('synced', `${label} is told so twice`)
    this.#checkSynced()
    if (this.#isDesynced && !this.#options.isLoop) this.checkSyncedAgain(registration)
    this.#isDesynced = false
  }

  desynced(): void {
    const { label, overflow, log } = this.#options
    log(`${label}: desynced`)
    if (this.isRemoved) violate('removed', `${label} is told that it is desynced`)
    if (overflow !== 'replay') violate('desynced', `${label} never should be`)
    if (this.#syncedCalls === 0) violate('desynced', `${label} is told so before it was in sync`)
    if (this.#isDesynced) violate('desynced', `${label} is told so twice`)
    this.#isDesynced = true
    this.#callsAtDesync = new Set(this.#calls)
  }

  /** Between two turns. */
  check(registration: Registration): void {
    const { label } = this.#options
    if (this.isRemoved) return
    if (registration.hasSynced()) {
      if (!this.#hasSynced) this.#checkSynced()
      this.#hasSynced = true
    } else if (this.#hasSynced) violate('synced', `${label} no longer is`)
    const stats = registration.stats()
    const depthMax = this.#depthMax()
    if (stats.depth > depthMax) violate('bound', `${label} holds ${stats.depth} changes, not ${depthMax}`)
    const more = this.isAtMark ? 1 : 0
    if (stats.inProgress < this.#calls.size || stats.inProgress > this.#calls.size + more) {
      violate('in progress', `${label} has ${this.#calls.size} calls open and says ${stats.inProgress}`)
    }
  }

  /** Nothing waits anywhere: what was told adds up to the cache, and every change is accounted for. */
  checkAtRest(registration: Registration): void {
    if (this.isRemoved) return
    const { label, cache } = this.#options
    for (const [key, state] of cache.fold) {
      const told = this.#told.get(key)
      if (told === undefined || !this.#isAsTold(told, state))
        violate(
          'fold',
          `${label} was told ${told === undefined ? 'nothing' : name(told)}, not ${name(state)}`,
        )
    }
    if (this.#told.size !== cache.fold.size)
      violate('fold', `${label} holds ${this.#told.size} of ${cache.fold.size}`)
    const stats = registration.stats()
    if (!registration.hasSynced() || this.#syncedCalls === 0) violate('synced', `${label} never was`)
    if (this.#isDesynced || stats.isDesynced) violate('synced', `${label} is desynced at rest`)
    if (stats.depth + stats.bytes + stats.pinnedBytes + stats.oldestAgeMs !== 0) {
      violate('bound', `${label} holds ${stats.depth} changes, ${stats.bytes} bytes at rest`)
    }
    if (stats.delivered !== this.#delivered || stats.errors !== this.errors) {
      violate(
        'counters',
        `${label} was called ${this.#delivered} times, failed ${this.errors}: ${JSON.stringify(stats)}`,
      )
    }
    this.#checkMerged(stats.merged, stats.unchanged, stats.dropped)
  }

  /** How much may wait. Of a row of a batch, which is applied as a whole, there may be two changes. */
  #depthMax(): number {
    const { cache, countMax, overflow } = this.#options
    if (overflow === 'replay') return countMax
    if (overflow === 'backpressure') return countMax + 1
    let keys = cache.fold.size
    for (const key of this.#told.keys()) if (!cache.fold.has(key)) keys++
    return countMax + keys
  }

  /** "How many were merged is counted": nothing vanishes without being in that number. */
  #checkMerged(merged: number, unchanged: number, dropped: number): void {
    const { label, cache, isLate, overflow } = this.#options
    if ((merged > 0 && overflow !== 'coalesce') || (dropped > 0 && overflow !== 'replay')) {
      violate('merged', `${label}: ${merged} merged, ${dropped} dropped by ${overflow}`)
    }
    let steps = -this.#stepsBefore
    for (const story of cache.stories.values()) steps += story.length
    const live = this.#delivered - this.#resyncs - this.#compared + dropped + unchanged
    // What a late listener's buffer got of the cache before counts here too when it is dropped.
    if (isLate && dropped > 0) return
    // A late listener hears of an object that was cached by its next change, or from the replay: one of both.
    const atMost = steps + (isLate ? this.#replayed : 0)
    if (live + merged > atMost || (!isLate && live + merged !== steps)) {
      violate('merged', `${label}: ${steps} changes, ${live} delivered or dropped, ${merged} merged`)
    }
  }

  #check(event: AnyEvent): ObjectState {
    const { label, stateOf, versionText } = this.#options
    const { key, type } = event
    if (this.isRemoved) violate('removed', `${label} is called for ${key} after it was removed`)
    this.#delivered++
    const told = this.#told.get(key)
    const isComparison = event.cause === 'replay' && this.#mayCompare
    const state = event.object === undefined && isComparison ? told : stateOf(event.object as Thing)
    if (state === undefined || state.key !== key)
      violate('content', `${label}: an object of ${state?.key} under ${key}`)
    if (event.uid !== state.uid || event.resourceVersion !== versionText(state.version)) {
      violate('content', `${label}: ${event.uid}@${event.resourceVersion} is ${name(state)}`)
    }
    if (!Object.isFrozen(event.object) || !Object.isFrozen(event.object?.metadata)) violate('frozen', key)
    if (event.isInInitialList && (type !== 'add' || this.#hasSynced))
      violate('initial', `${label}: ${type} of ${key}`)
    if (event.cause === 'replay' && !isComparison && !(this.#options.isLate && type === 'add')) {
      violate('cause', `${label}: ${type} of ${key} is a replay`)
    }
    if (isComparison) this.#checkComparison(event, state)
    if (type === 'add') {
      if (told !== undefined) violate('add twice', `${label}: ${name(state)} after ${name(told)}`)
    } else {
      if (told === undefined) violate(`${type} before add`, `${label}: ${name(state)}`)
      if (told.uid !== state.uid) violate('identity', `${label}: ${type} of ${name(told)} as ${name(state)}`)
    }
    if (event.type === 'update') this.#checkUpdate(event, told as ObjectState, state)
    if (event.cause !== 'resync') this.#advance(event, state)
    if (type === 'delete') this.#told.delete(key)
    else this.#told.set(key, state)
    return state
  }

  /** Of an overflow before its first sync it is not told. */
  get #mayCompare(): boolean {
    return this.#isDesynced || (this.#options.overflow === 'replay' && this.#syncedCalls === 0)
  }

  /** It is told of the cache as it is, and of nothing that was not kept. */
  #checkComparison(event: AnyEvent, state: ObjectState): void {
    const { label, cache, isLate, isLoop } = this.#options
    const held = cache.fold.get(event.key)
    // What a late listener's buffer got of the cache before is told as it was then.
    if (!isLate || event.type !== 'add') this.#compared++
    if (event.type === 'delete') {
      if (!event.finalStateUnknown || event.object !== undefined)
        violate('replay', `${label}: ${name(state)}`)
      if (held?.uid === state.uid && !isLoop) violate('replay', `${label}: ${name(state)} is not gone`)
    } else if (held !== state && !isLoop && (!isLate || event.type !== 'add')) {
      violate('replay', `${label}: ${name(state)} is not cached`)
    }
    if (event.type === 'update' && event.oldObject !== undefined) violate('replay', `${label}: an old object`)
  }

  #checkUpdate(event: ReplayUpdateEvent<Thing>, told: ObjectState, state: ObjectState): void {
    const { label, stateOf, doesResync } = this.#options
    if (event.cause === 'replay') return
    const old = event.oldObject === undefined ? undefined : stateOf(event.oldObject)
    if (old === undefined || !this.#isAsTold(told, old))
      violate('old object', `${label}: not what was told last of ${event.key}`)
    if (event.cause !== 'resync') return
    this.#resyncs++
    if (!doesResync) violate('resync', `${label} did not ask for it`)
    if (event.object !== event.oldObject || !this.#isAsTold(told, state))
      violate('resync', `${label}: ${name(state)} is news`)
  }

  /** In all that this listener asked for. */
  #isAsTold(told: ObjectState, state: ObjectState): boolean {
    if (!this.#options.isFiltered) return told === state
    return told.uid === state.uid && told.color === state.color
  }

  /** The event must be a later step of the cache's story; steps between may have been merged. */
  #advance(event: AnyEvent, state: ObjectState): void {
    const { label, cache } = this.#options
    const story = cache.stories.get(event.key) ?? []
    for (let at = (this.#at.get(event.key) ?? -1) + 1; at < story.length; at++) {
      const step = story[at] as StoryStep
      if ((step.kind === 'delete') !== (event.type === 'delete')) continue
      if (event.object === undefined ? step.state.uid !== state.uid : step.state !== state) continue
      // Whoever compares knows of no end how it was.
      if (event.cause !== 'replay' && step.isFinalStateUnknown !== event.finalStateUnknown) continue
      this.#at.set(event.key, at)
      return
    }
    violate('order', `${label}: ${event.type} of ${name(state)} is no later step of the cache`)
  }

  #checkSynced(): void {
    const { label, cache } = this.#options
    if (this.#required === undefined) violate('synced', `${label} before the cache held a complete list`)
    for (const [key, { addedAt, length }] of this.#required) {
      const story = cache.stories.get(key) ?? []
      const vanishedAt = story.findIndex(({ kind }, at) => at >= length && kind === 'delete')
      for (const call of [...this.#calls].flat()) {
        if (call.key !== key || call.type !== 'add' || (vanishedAt >= 0 && call.at > vanishedAt)) continue
        violate('synced', `${label}: ${key} is not finished`)
      }
      if (vanishedAt < 0 && (this.#finishedAt.get(key) ?? -1) < addedAt) {
        violate('synced', `${label}: ${key} was not told of`)
      }
    }
  }

  /**
   * After a desync: what it was told, and what waits for it, is the cache; and the calls for that are over. So it is when
   * the mark is made: a loop may take it when the cache is another one.
   */
  checkSyncedAgain(registration: Registration): void {
    const { label, cache } = this.#options
    for (const call of this.#calls) {
      const late = call.find(({ cause }) => cause === 'replay' || this.#callsAtDesync.has(call))
      if (late !== undefined) violate('synced', `${label}: ${late.key} is not finished after a desync`)
    }
    const keys = new Set([...cache.fold.keys(), ...this.#told.keys()])
    const different = [...keys].filter((key) => {
      const [state, told] = [cache.fold.get(key), this.#told.get(key)]
      return state === undefined || told === undefined ? state !== told : !this.#isAsTold(told, state)
    })
    const { depth, inProgress } = registration.stats()
    // What a loop has not taken yet is in progress, and was told to nobody.
    if (different.length <= depth + inProgress - this.#calls.size) return
    violate('synced', `${label} is told so after a desync, and lacks ${different.join(', ')}`)
  }
}

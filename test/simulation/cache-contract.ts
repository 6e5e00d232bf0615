import type { ChangeCause, ChangeSink } from '../../src/notify/change-sink.ts'
import type { VersionCell } from '../../src/protocol/record-store.ts'
import type { BatchFacts, CacheStory, Lost, Offer, StoryStep } from './cache-story.ts'
import { violate } from './contract-violation.ts'
import type { ModelServer, ObjectState, World } from './model-server.ts'
import { name } from './reading.ts'

export interface CacheContractOptions<E> {
  readonly server: ModelServer
  readonly serialOf: (cell: VersionCell<E>) => number
  readonly next: ChangeSink<E>
  readonly onListCompleted: () => void
  readonly log: (line: string) => void
}

/**
 * Stands between indexer and processor and holds every change of the cache against the contract and against what
 * really happened on the server. Knows nothing of how the queue merges or the indexer decides.
 */
export class CacheContract<E> implements ChangeSink<E>, CacheStory {
  readonly #options: CacheContractOptions<E>
  readonly fold: Map<string, ObjectState> = new Map()
  readonly stories: Map<string, StoryStep[]> = new Map()
  /** The history that main may believe in; moves to the restored one with the declared reset. */
  world: World
  listsCompleted = 0
  /** Counts what is read: a loss is repaired only by what was read after it. */
  #now = 0
  /** The worlds that resets were declared for, in order. */
  readonly #resetWorlds: World[] = []
  #epoch = 0
  /** Per key the newest version told since the epoch began. */
  readonly #newest = new Map<string, { version: number; epoch: number }>()
  readonly #changedSinceReset = new Set<string>()
  #isResetListOpen = false
  readonly #pendingOffers = new Map<string, Offer[]>()
  /** Per key the newest end that came broken: it is told as an end all the same, and what is older is not taken. */
  readonly #brokenEnds = new Map<string, number>()
  readonly #deletedOffered = new Set<number>()
  #lost = new Map<string, Lost[]>()
  readonly #repairs = new Map<number, { version: number; world: World; endedAt: number }>()
  #applying: BatchFacts | undefined
  isSweeping: () => boolean = () => false
  /** Main changed its cache. */
  onChange: () => void = () => {}
  /** Newest generation main has seen; its end is what `listCompleted` tells of. */
  generationOnMain: () => number = () => 0
  #safe = 0
  readonly #foreign = new Set<string>()

  constructor(options: CacheContractOptions<E>) {
    this.#options = options
    this.world = options.server.world
  }

  get hasLosses(): boolean {
    return this.#lost.size > 0
  }

  // What is read from the server.

  offered(kind: 'upsert' | 'deleted', state: ObjectState, isRepeat: boolean): void {
    // Before the reset is declared: what is told already of another world is held against nobody.
    if (this.#options.server.world !== this.world) this.#foreign.add(state.key)
    const offers = this.#pendingOffers.get(state.key) ?? []
    let newest = this.#brokenEnds.get(state.key) ?? -1
    for (const offer of offers) if (offer.isTaken) newest = Math.max(newest, offer.state.version)
    const isTaken = !isRepeat && (kind === 'deleted' ? state.version >= newest : state.version > newest)
    offers.push({ kind, state, isTaken, readAt: ++this.#now })
    this.#pendingOffers.set(state.key, offers)
    if (kind === 'deleted') this.#deletedOffered.add(state.serial)
  }

  brokenEnd({ key, version }: ObjectState): void {
    this.#brokenEnds.set(key, Math.max(this.#brokenEnds.get(key) ?? -1, version))
  }

  lost(state: ObjectState, generation: number | undefined): void {
    const all = this.#lost.get(state.key) ?? []
    all.push({
      version: state.version,
      lostAt: ++this.#now,
      world: this.#options.server.world,
      generation,
    })
    this.#lost.set(state.key, all)
  }

  listStarted(reset: boolean): void {
    if (!reset) return
    this.#resetWorlds.push(this.#options.server.world)
    // A reset empties the queue: what waited there is never seen.
    this.#pendingOffers.clear()
    this.#brokenEnds.clear()
  }

  listEnded(generation: number, repairedVersion: number): void {
    const { world } = this.#options.server
    this.#repairs.set(generation, { version: repairedVersion, world, endedAt: ++this.#now })
  }

  /** The worker died: what it had not sent was never seen. */
  workerDied(): void {
    this.#pendingOffers.clear()
    this.#brokenEnds.clear()
  }

  /** A batch left the queue with rows of these keys; of `halved` with half of one. */
  posted(keys: readonly string[], halved: string | undefined): BatchFacts {
    const offers = new Map<string, readonly Offer[]>()
    for (const key of keys) {
      offers.set(key, [...(this.#pendingOffers.get(key) ?? [])])
      if (key === halved) continue
      this.#pendingOffers.delete(key)
      this.#brokenEnds.delete(key)
    }
    return { offers }
  }

  // What main does.

  set applying(facts: BatchFacts | undefined) {
    this.#applying = facts
  }

  /** All of a batch is applied: what it told is no longer lost. */
  applied(facts: BatchFacts): void {
    for (const [key, offers] of facts.offers) {
      this.#forgive(key, (lost) => {
        return offers.some(
          (offer) => offer.isTaken && offer.state.version === lost.version && offer.readAt > lost.lostAt,
        )
      })
    }
  }

  /** Declared so far: the number of the newest one. */
  get resetNumber(): number {
    return this.#resetWorlds.length
  }

  /** Main applied the reset of this number. */
  resetApplied(number: number): void {
    const world = this.#resetWorlds[number - 1]
    if (world === undefined) violate('reset', 'main applied a reset that nobody declared')
    this.#epoch++
    this.#safe = 0
    this.#changedSinceReset.clear()
    this.#isResetListOpen = true
    if (world.number > this.world.number) this.enterWorld(world)
  }

  /** Main knows nothing any more that is not of this world. */
  enterWorld(world: World): void {
    this.world = world
    this.#foreign.clear()
    for (const [key, all] of this.#lost) {
      // What both worlds have in common stays lost, what only the old one had is nothing to miss.
      const kept = all.filter(
        (lost) =>
          lost.world.number > world.number || world.lastEvent(key, lost.version)?.version === lost.version,
      )
      if (kept.length === 0) this.#lost.delete(key)
      else
        this.#lost.set(
          key,
          kept.map((lost) => (lost.world.number > world.number ? lost : { ...lost, world })),
        )
    }
  }

  /** Whether the restored world has this state, too. */
  isOfNewWorld(state: ObjectState): boolean {
    const { world } = this.#options.server
    return (
      world.events.some((event) => event.state === state) ||
      world.snapshots.some(({ items }) => items.includes(state))
    )
  }

  added(key: string, cell: VersionCell<E>, cause: ChangeCause, receivedAtMs: number): void {
    const state = this.#stateOf(key, cell)
    this.#options.log(`main: add ${name(state)}`)
    if (this.fold.has(key)) violate('add', `${key} is there already`)
    if (!state.isVisible) violate('add', `${name(state)} is not in the selector`)
    const newest = this.#newest.get(key)
    if (!this.#isForeign(state) && newest?.epoch === this.#epoch && state.version <= newest.version) {
      violate('version', `${name(state)} added after version ${newest.version}`)
    }
    this.fold.set(key, state)
    this.#tell('add', state, false)
    this.#options.next.added(key, cell, cause, receivedAtMs)
  }

  updated(
    key: string,
    old: VersionCell<E>,
    cell: VersionCell<E>,
    cause: ChangeCause,
    receivedAtMs: number,
  ): void {
    const before = this.#stateOf(key, old)
    const state = this.#stateOf(key, cell)
    this.#options.log(`main: update ${name(before)} → ${name(state)}`)
    if (this.fold.get(key) !== before) violate('update', `${name(before)} is not what the cache held`)
    if (state.uid !== before.uid) violate('identity', `${name(before)} updated to ${name(state)}`)
    if (!state.isVisible) violate('update', `${name(state)} is not in the selector`)
    const newest = this.#newest.get(key)
    if (!this.#isForeign(state) && newest?.epoch === this.#epoch && state.version <= newest.version) {
      const silent = state === before ? 'unchanged' : 'version'
      violate(silent, `${name(state)} told after version ${newest.version}`)
    }
    this.fold.set(key, state)
    this.#tell('update', state, false)
    this.#options.next.updated(key, old, cell, cause, receivedAtMs)
  }

  deleted(
    key: string,
    old: VersionCell<E>,
    final: VersionCell<E>,
    finalStateUnknown: boolean,
    cause: ChangeCause,
    receivedAtMs: number,
  ): void {
    const before = this.#stateOf(key, old)
    const state = this.#stateOf(key, final)
    this.#options.log(`main: delete ${name(state)}${finalStateUnknown ? ', final state unknown' : ''}`)
    if (this.fold.get(key) !== before) violate('delete', `${name(before)} is not what the cache held`)
    if (state.uid !== before.uid) violate('identity', `${name(before)} deleted as ${name(state)}`)
    if (finalStateUnknown) {
      if (final !== old) violate('final state', 'unknown, yet another state is given')
      if (!this.isSweeping() && this.#wasSeen(before)) {
        violate('final state unknown', `${name(before)}, though its delete was received`)
      }
    } else {
      if (!this.#deletedOffered.has(state.serial)) violate('final state', `${name(state)} was never received`)
      const newest = this.#newest.get(key)
      if (!this.#isForeign(state) && newest?.epoch === this.#epoch && state.version <= newest.version) {
        violate('version', `${name(state)} deleted after version ${newest.version}`)
      }
    }
    this.#isForeign(state)
    this.fold.delete(key)
    this.#tell('delete', state, finalStateUnknown)
    this.#options.next.deleted(key, old, final, finalStateUnknown, cause, receivedAtMs)
  }

  listCompleted(): void {
    const generation = this.generationOnMain()
    const repaired = this.#repairs.get(generation)
    this.#options.log(`main: list ${generation} complete`)
    if (repaired === undefined)
      violate('list', `generation ${generation} completed, but its list never ended`)
    for (const key of [...this.#lost.keys()]) {
      this.#forgive(
        key,
        (lost) =>
          lost.version <= repaired.version &&
          lost.world === repaired.world &&
          lost.lostAt < repaired.endedAt &&
          lost.generation !== generation,
      )
    }
    if (this.#isResetListOpen) {
      for (const [key, state] of this.fold) {
        if (this.#changedSinceReset.has(key) || this.#lost.has(key)) continue
        violate('reset', `${name(state)} is listed after a reset, but told to nobody`)
      }
      this.#isResetListOpen = false
    }
    this.listsCompleted++
    this.#options.onListCompleted()
    this.#options.next.listCompleted()
  }

  /** Everything at or below the safe version must be reflected on main. */
  checkSafe(safe: number | undefined): void {
    if (safe === undefined) return
    if (this.listsCompleted === 0) violate('safe version', `${safe} before the first list`)
    if (safe < this.#safe) violate('safe version', `falls from ${this.#safe} to ${safe}`)
    this.#safe = safe
    for (const key of this.#options.server.keys) {
      const event = this.world.lastEvent(key, safe)
      if (event === undefined || this.#isLost(key, event.version) || this.#foreign.has(key)) continue
      const held = this.fold.get(key)
      if (event.type === 'DELETED') {
        if (held !== undefined && held.version < event.version) {
          violate('safe version', `${safe}, but ${name(held)} ended at ${event.version}`)
        }
      } else if (held !== undefined) {
        if (held.version < event.version) {
          violate('safe version', `${safe}, but ${name(held)} became ${event.version}`)
        }
      } else if (!this.#hasLaterDelete(key, event.version)) {
        violate('safe version', `${safe}, but ${name(event.state)} is missing`)
      }
    }
  }

  /** After faults stopped and everything was read and applied. */
  checkConverged(): void {
    const want = this.#options.server.snapshot().items
    for (const state of want) {
      const held = this.fold.get(state.key)
      if (held !== state) {
        violate('converge', `server has ${name(state)}, cache ${held === undefined ? 'nothing' : name(held)}`)
      }
    }
    if (want.length < this.fold.size) {
      const keys = new Set(want.map((state) => state.key))
      for (const [key, state] of this.fold) {
        if (!keys.has(key)) violate('converge', `cache has ${name(state)}, the server nothing`)
      }
    }
  }

  /** The indexer's own answers against the sum of the changes it told. */
  checkCache(cells: Iterable<VersionCell<E>>, size: number): void {
    let count = 0
    for (const cell of cells) {
      count++
      const { key } = cell
      if (this.fold.get(key) !== this.#stateOf(key, cell)) violate('fold', `${key} is not as told`)
    }
    if (count !== this.fold.size || size !== count) {
      violate('fold', `${count} cached (size ${size}), ${this.fold.size} told`)
    }
  }

  #stateOf(key: string, cell: VersionCell<E>): ObjectState {
    const state = this.#options.server.bySerial.get(this.#options.serialOf(cell))
    if (state === undefined || state.key !== key)
      violate('content', `a record under ${key} is of ${state?.key}`)
    return state
  }

  #tell(kind: StoryStep['kind'], state: ObjectState, isFinalStateUnknown: boolean): void {
    // A delete with its final state unknown tells no version: the state was told before, perhaps in another epoch.
    if (!isFinalStateUnknown) this.#newest.set(state.key, { version: state.version, epoch: this.#epoch })
    this.onChange()
    this.#changedSinceReset.add(state.key)
    const story = this.stories.get(state.key)
    const step = { kind, state, isFinalStateUnknown }
    if (story === undefined) this.stories.set(state.key, [step])
    else story.push(step)
  }

  /**
   * Whether the row that is applied now had the end of this object in it. A Deleted behind another object's Deleted
   * in one row is not held against the engine: of several only the first is kept, and the first is the one that main
   * knows, save when a resumed watch tells old events again.
   */
  #wasSeen(object: ObjectState): boolean {
    const offers = this.#applying?.offers.get(object.key) ?? []
    let wasSeen = false
    for (const { kind, state, isTaken } of offers) {
      if (!isTaken) continue
      if (state.uid === object.uid) wasSeen = kind === 'deleted' && state.version > object.version
      else if (kind === 'deleted' && !wasSeen) return false
    }
    return wasSeen
  }

  /**
   * A list whose version comes last (a stream's, a custom resource's) tells objects of a restored etcd before anybody
   * can know that it is another world. The declared reset follows at once; until then such states may go back.
   */
  #isForeign(state: ObjectState): boolean {
    if (this.#options.server.world === this.world) return false
    const isOfWorld = this.isOfNewWorld(state)
    if (isOfWorld) this.#foreign.add(state.key)
    return isOfWorld
  }

  #hasLaterDelete(key: string, version: number): boolean {
    return this.world.events.some(
      (event) => event.state.key === key && event.version > version && event.type === 'DELETED',
    )
  }

  #isLost(key: string, version: number): boolean {
    // A list in which the object was broken tells nothing of its earlier versions either.
    return (
      this.#lost
        .get(key)
        ?.some(
          (lost) => lost.version === version || (lost.generation !== undefined && version < lost.version),
        ) === true
    )
  }

  #forgive(key: string, isForgiven: (lost: Lost) => boolean): void {
    const left = this.#lost.get(key)?.filter((lost) => !isForgiven(lost))
    if (left === undefined) return
    if (left.length === 0) this.#lost.delete(key)
    else this.#lost.set(key, left)
  }
}

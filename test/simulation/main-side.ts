import type { BatchReader } from '../../src/engine/batch-reader.ts'
import type { CacheEpoch } from '../../src/indexer/cache-epoch.ts'
import type { Indexer } from '../../src/indexer/indexer.ts'
import {
  isComparable as isComparableVersion,
  parseResourceVersion,
} from '../../src/protocol/resource-version.ts'
import { CacheContract } from './cache-contract.ts'
import { violate } from './contract-violation.ts'
import { Listeners } from './listeners.ts'
import { columns, type ModelServer } from './model-server.ts'
import type { OldWorld } from './old-world.ts'
import type { Random } from './random.ts'
import type { Stages } from './stages.ts'
import { type VirtualClock, VirtualThread } from './virtual-time.ts'
import type { Posted } from './worker-life.ts'

export interface Credit {
  readonly incarnation: number
  readonly bytes: number
  readonly buffer: ArrayBuffer | undefined
}

export interface MainSideOptions {
  readonly stages: Stages
  readonly random: Random
  readonly clock: VirtualClock
  readonly server: ModelServer
  readonly sliceMs: number
  readonly slabBytes: number
  /** One listener at a time, which may hold the batches back. */
  readonly isPrivate: boolean
  readonly oldWorld: OldWorld
  readonly onRule: (rule: string) => void
  readonly log: (line: string) => void
}

/** The main thread: batch reader, indexer and whatever listens, in slices; and the part of a session that restarts. */
export class MainSide {
  readonly thread: VirtualThread
  readonly indexer: Indexer
  readonly contract: CacheContract<CacheEpoch>
  readonly listeners: Listeners
  readonly slicer: InstanceType<Stages['Slicer']>
  readonly credits: Credit[] = []
  readonly #options: MainSideOptions
  readonly #reader: BatchReader
  /** Given to the reader and not applied, in order. */
  readonly #pushed: Posted[] = []
  /** End markers of the first of them that main has got to. */
  #endsReached = 0
  #sweepOfDeadBatch: number | undefined
  #incarnation = -1

  constructor(options: MainSideOptions) {
    this.#options = options
    const { stages, server } = options
    this.thread = new VirtualThread(options.clock, options.random)
    this.slicer = new stages.Slicer(this.thread, options.sliceMs)
    const processor = new stages.Processor<CacheEpoch>({
      runtime: this.thread,
      slicer: this.slicer,
      cache: () => this.indexer,
      isPrivate: options.isPrivate,
      onRoom: () => this.slicer.wake(this.#reader),
      columns,
      onHandlerError: (error) => this.listeners.handlerError(error),
    })
    this.contract = new CacheContract<CacheEpoch>({
      server,
      serialOf: (cell) => serialOf(this.indexer.read(cell)),
      next: processor,
      onListCompleted: () => this.listeners.listCompleted(),
      log: options.log,
    })
    this.listeners = new Listeners({ ...options, processor, cache: this.contract })
    this.indexer = new stages.Indexer({
      sink: this.contract,
      columns,
      onIndexError: (_index, _key, error) => violate('index', String(error)),
      slabBytes: options.slabBytes,
      memoCount: 4,
      onRule: (rule) => {
        options.onRule(rule)
        if (rule === 'main: reset') this.#resetApplied()
        this.#touch()
      },
    })
    this.indexer.indices.define({ byColor: 'metadata.labels.color' })
    this.contract.isSweeping = () => this.indexer.isSweeping
    this.contract.onChange = () => this.#touch()
    this.contract.generationOnMain = () => this.#generationEnding()
    this.#reader = new stages.BatchReader({
      indexer: this.indexer,
      nowMs: () => this.thread.nowMs(),
      onCredit: (bytes, buffer) => this.credits.push({ incarnation: this.#incarnation, bytes, buffer }),
      onMismatch: (error) => violate('batch', error.message),
      onApplied: () => this.#applied(),
      ...(options.isPrivate && { isHolding: () => processor.isHolding }),
    })
  }

  /** What main tells a new watch of versions: a consistent list below it comes from another world. */
  get knownVersion(): number {
    const known = this.indexer.knownVersion
    return known === undefined ? 0 : this.#options.server.versionOf(known)
  }

  /** Batches that wait to be applied. */
  get waiting(): readonly Posted[] {
    return this.#pushed
  }

  get isAtRest(): boolean {
    if (this.#pushed.length > 0 || this.#reader.pendingBytes > 0) return false
    return !this.thread.hasTurn && this.listeners.openCount === 0
  }

  receive(posted: Posted): void {
    this.#reader.push(posted.incarnation, posted.buffer)
    if (posted.incarnation === this.#incarnation) {
      this.#pushed.push(posted)
      if (this.#pushed.length === 1) this.contract.applying = posted.facts
    }
    this.slicer.wake(this.#reader)
  }

  /** The watch's thread is known to be dead. */
  mourn(): void {
    if (this.indexer.isSweeping) this.#sweepOfDeadBatch = this.#generationEnding()
    this.#pushed.length = 0
    this.#endsReached = 0
    this.contract.applying = undefined
    this.#incarnation = -1
    this.#reader.begin(-1)
    this.indexer.abortOpenBracket()
    // A sweep that had begun goes on.
    this.slicer.wake(this.#reader)
  }

  begin(incarnation: number): void {
    this.#incarnation = incarnation
    this.#reader.begin(incarnation)
  }

  /** All that can be said of cache and safe version between two turns. */
  check(): void {
    const { indexer, contract } = this
    const { server } = this.#options
    contract.checkCache(indexer.cells(), indexer.size)
    const safe = indexer.safeVersion
    contract.checkSafe(safe === undefined ? undefined : server.versionOf(safe))
  }

  /** One turn of the event loop. */
  turn(): boolean {
    const ran = this.thread.turn()
    this.listeners.check()
    return ran
  }

  checkAtRest(): void {
    this.check()
    this.listeners.check()
    this.listeners.checkAtRest()
    this.contract.checkConverged()
    const { indexer, contract } = this
    const { server } = this.#options
    const isComparable = isComparableVersion(parseResourceVersion(server.versionText(server.version)))
    if (
      isComparable
        ? indexer.safeVersion !== server.versionText(server.version)
        : indexer.safeVersion !== undefined
    ) {
      violate('converge', `safe version is ${indexer.safeVersion} at rest, the server's ${server.version}`)
    }
    if (!indexer.hasSynced || indexer.isRelisting) violate('converge', 'not in sync at rest')
    for (const [key, state] of contract.fold) {
      const object = indexer.get(key) as { metadata: { uid: string; resourceVersion: string } } | undefined
      const text = server.versionText(state.version)
      if (object?.metadata.uid !== state.uid || object.metadata.resourceVersion !== text) {
        violate('content', `get(${key}) is not what the cache holds`)
      }
    }
    this.#checkIndices()
    if (indexer.tombstones.size > server.keys.length) violate('tombstones', `${indexer.tombstones.size} left`)
  }

  /** Every record alive is a cached one: nothing pinned, nothing leaked. */
  checkStore(): void {
    let bytes = 0
    for (const cell of this.indexer.cells()) bytes += cell.length
    const { store } = this.indexer
    if (store.pinnedBytes !== 0) violate('memory', `${store.pinnedBytes} bytes pinned at rest`)
    if (store.liveBytes !== bytes) violate('memory', `${store.liveBytes} bytes live, ${bytes} cached`)
  }

  #checkIndices(): void {
    const { indexer, contract } = this
    const byColor = indexer.indices.index('byColor')
    let count = 0
    for (const color of ['red', 'green']) {
      for (const key of byColor.keysOf(color) ?? []) {
        count++
        const state = contract.fold.get(key)
        if (state === undefined || colorOf(indexer.get(key)) !== color) {
          violate('index', `${key} stands under ${color}`)
        }
      }
    }
    if (count !== contract.fold.size) violate('index', `${count} keys indexed, ${contract.fold.size} cached`)
  }

  #resetApplied(): void {
    const head = this.#pushed[0]
    if (head?.isReset !== true) violate('reset', 'main applied a reset that is in no batch')
    this.contract.resetApplied(head.resetNumber)
    this.#options.oldWorld.resetApplied(head)
  }

  #touch(): void {
    const head = this.#pushed[0]
    if (head !== undefined) this.#options.oldWorld.touched(head)
  }

  #generationEnding(): number {
    if (this.#sweepOfDeadBatch !== undefined) {
      const generation = this.#sweepOfDeadBatch
      this.#sweepOfDeadBatch = undefined
      return generation
    }
    const ends = this.#pushed[0]?.markers.filter((marker) => marker.kind === 'end') ?? []
    const end = ends[this.#endsReached++]
    if (end === undefined) violate('list', 'main completed a list that no batch ends')
    return end.generation
  }

  #applied(): void {
    const posted = this.#pushed.shift()
    if (posted === undefined) return
    this.#endsReached = 0
    this.contract.applied(posted.facts)
    this.#options.oldWorld.applied(posted)
    this.contract.applying = this.#pushed[0]?.facts
    this.check()
  }
}

function serialOf(object: unknown): number {
  return (object as { spec: { serial: number } }).spec.serial
}

function colorOf(object: unknown): string {
  return (object as { metadata: { labels: { color: string } } }).metadata.labels.color
}

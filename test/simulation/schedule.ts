import { type Action, actions, keys, weights, wideKeys } from './actions.ts'
import { ContractViolation, violate } from './contract-violation.ts'
import { MainSide } from './main-side.ts'
import { ModelServer } from './model-server.ts'
import { OldWorld } from './old-world.ts'
import { Random } from './random.ts'
import type { ReadingFaults } from './reading.ts'
import type { ScheduleOptions, ScheduleResult } from './schedule-options.ts'
import { VirtualClock } from './virtual-time.ts'
import { type Posted, WorkerLife, type WorkerShape } from './worker-life.ts'

const stepsMin = 60
const stepsMore = 140
const restStepsMax = 4_000

/** One seeded run of the engine's stages against the model server, held against the contract at every step. */
export class Schedule {
  readonly #options: ScheduleOptions
  readonly #random: Random
  readonly #clock: VirtualClock
  readonly #server: ModelServer
  readonly #main: MainSide
  readonly #shape: WorkerShape
  readonly #faults: ReadingFaults
  readonly #isWide: boolean
  /** One listener at a time, which may hold everything back. */
  readonly #isPrivate: boolean
  /** Versions are no numbers, as some aggregated servers have them. */
  readonly #isOpaque: boolean
  readonly #weights: Map<Action, number>
  readonly #wire: Posted[] = []
  readonly #log: (line: string) => void
  #worker: WorkerLife | undefined
  /** Main knows that its watch died, or has not started one. */
  #isMourned = true
  #incarnation = 0
  #lagFloor = 0
  readonly #oldWorld = new OldWorld(
    () => {
      this.#log('etcd: nobody knows the old world any more')
      this.#main.contract.enterWorld(this.#server.world)
      this.#server.ceiling = Number.POSITIVE_INFINITY
    },
    (state) => this.#main.contract.isOfNewWorld(state),
  )

  constructor(options: ScheduleOptions) {
    this.#options = options
    this.#log = options.log ?? (() => {})
    const random = new Random(options.seed)
    this.#random = random
    // Few keys meet each other often; with many, slices end and threads die in the middle of a batch.
    this.#isWide = random.chance(0.12)
    this.#isPrivate = random.chance(0.2)
    this.#clock = new VirtualClock(random, this.#isWide ? 8 : random.pick([0, 0.2, 1]))
    this.#isOpaque = random.chance(0.05)
    this.#server = new ModelServer(
      {
        keys: this.#isWide ? wideKeys : keys.slice(0, 3 + random.below(4)),
        versionBase: this.#isOpaque ? undefined : random.pick([0n, 0n, 2n ** 53n - 30n, 10n ** 22n]),
      },
      random,
    )
    const isStale = !this.#isOpaque && random.chance(0.3)
    this.#faults = {
      lose: random.pick([0, 0, 0.08]),
      refuse: random.pick([0, 0, 0, 0.05]),
      repeat: this.#isOpaque ? 0 : random.pick([0, 0.05]),
      cut: random.pick([0, 0.02, 0.06]),
      stale: isStale,
      disorder: !this.#isOpaque,
    }
    this.#shape = {
      creditBytes: random.pick([1, 16_384, 40_000, 1_000_000]),
      rowCountMax: this.#isWide ? 100 : random.pick([1, 2, 3, 100]),
      slabBytes: random.pick([2_048, 4_096, 65_536]),
      withPort: random.chance(0.5),
      hasShortEpochs: random.chance(0.1),
    }
    this.#weights = new Map()
    for (const action of actions) {
      const { weight, spread } = weights[action]
      this.#weights.set(action, weight * random.pick(spread))
    }
    if (this.#isOpaque) this.#weights.set('restore', 0)
    if (isStale) {
      // A lagging replica and a restored etcd look alike: both answer with a version that is too low.
      this.#weights.set('restore', 0)
      // It matters where main knows more than the watch: after a crash, and before the watch has caught up.
      this.#weights.set('crash', weights.crash.weight * random.pick([1, 3]))
      if (this.#isWide) this.#weights.set('crash in mid-batch', 3)
      this.#weights.set('relist', weights.relist.weight * random.pick([2, 6]))
    }
    this.#main = new MainSide({
      stages: options.stages,
      random,
      clock: this.#clock,
      server: this.#server,
      sliceMs: 5,
      slabBytes: random.pick([2_048, 16_384]),
      isPrivate: this.#isPrivate,
      oldWorld: this.#oldWorld,
      onRule: options.onRule ?? (() => {}),
      log: this.#log,
    })
  }

  run(): ScheduleResult {
    const steps = stepsMin + this.#random.below(stepsMore)
    let violation: string | undefined
    try {
      for (let i = this.#random.below(this.#isWide ? 60 : 5); i > 0; i--) this.#server.mutate()
      for (let i = this.#isPrivate ? 1 : this.#random.below(3); i > 0; i--) this.#main.listeners.add()
      if (this.#random.chance(this.#isWide ? 0.7 : 0.3)) this.#comeToRest()
      for (let step = 0; step < steps; step++) this.#act(this.#choose())
      this.#rest()
    } catch (error) {
      if (!(error instanceof ContractViolation))
        violation = `crash: ${String((error as Error).stack ?? error)}`
      else violation = error.message
    }
    return { steps, keys: this.#server.keys.length, violation }
  }

  #choose(): Action {
    let total = 0
    for (const action of actions) if (this.#canDo(action)) total += this.#weights.get(action) as number
    let at = this.#random.unit() * total
    for (const action of actions) {
      if (!this.#canDo(action)) continue
      at -= this.#weights.get(action) as number
      if (at < 0) return action
    }
    return 'write'
  }

  #canDo(action: Action): boolean {
    switch (action) {
      case 'read':
      case 'crash':
      case 'relist':
        return this.#worker !== undefined
      case 'crash in mid-batch':
        return this.#worker !== undefined
      case 'worker turn':
      case 'worker timer':
        return this.#worker !== undefined && this.#shape.withPort
      case 'flush':
        return this.#worker !== undefined && !this.#shape.withPort
      case 'deliver':
        return this.#wire.length > 0
      case 'credit':
        return this.#main.credits.length > 0
      case 'settle':
        return this.#main.listeners.openCount > 0
      case 'listener goes':
        return this.#main.listeners.count > 0
      case 'main turn':
        return this.#main.thread.hasTurn
      case 'restart':
        return this.#worker === undefined
      case 'restore':
        return !this.#oldWorld.isPending
      default:
        return true
    }
  }

  #act(action: Action): void {
    switch (action) {
      case 'write':
        for (let i = this.#isWide ? 1 + this.#random.below(8) : 1; i > 0; i--) this.#write()
        break
      case 'read':
        this.#read(this.#random.chance(0.2) ? 1 + this.#random.below(8) : this.#isWide ? 6 : 1)
        break
      case 'worker turn':
        this.#worker?.thread.turn()
        break
      case 'worker timer':
        this.#worker?.thread.fireTimer(this.#random.chance(0.5))
        break
      case 'flush':
        this.#worker?.flush()
        break
      case 'deliver':
        this.#deliver()
        break
      case 'main turn':
        this.#main.turn()
        break
      case 'main timer':
        this.#main.thread.fireTimer(this.#random.chance(0.2))
        this.#main.listeners.check()
        break
      case 'settle':
        this.#main.listeners.settle()
        this.#main.listeners.check()
        break
      case 'listener comes':
        this.#main.listeners.add()
        break
      case 'listener goes':
        this.#main.listeners.remove()
        break
      case 'credit':
        this.#credit()
        break
      case 'crash':
        this.#crash()
        // Main may hear of it before it has applied what it has, or long after.
        if (this.#random.chance(0.5)) this.#mourn()
        break
      case 'crash in mid-batch':
        this.#crashInBatch()
        break
      case 'restart':
        if (this.#isMourned) this.#launch()
        else this.#mourn()
        break
      case 'relist':
        this.#worker?.reading.relist()
        break
      case 'compact':
        this.#server.compact()
        break
      case 'restore':
        this.#restore()
        break
      default:
        action satisfies never
    }
  }

  #write(): void {
    const event = this.#server.mutate()
    if (event !== undefined) this.#log(`server: ${event.type} ${event.state.key} @${event.version}`)
  }

  #read(steps: number): void {
    const worker = this.#worker
    if (worker === undefined) return
    worker.reading.faults = this.#faults
    worker.read(steps)
  }

  #deliver(): void {
    const posted = this.#wire.shift()
    if (posted !== undefined) this.#main.receive(posted)
  }

  #credit(): void {
    const credit = this.#main.credits.shift()
    if (credit === undefined || credit.incarnation !== this.#incarnation) return
    this.#worker?.credit(credit.bytes, credit.buffer === undefined ? [] : [credit.buffer])
  }

  #crash(): void {
    this.#log('CRASH')
    this.#worker?.die()
    this.#worker = undefined
    this.#oldWorld.workerDied()
    this.#main.contract.workerDied()
  }

  #mourn(): void {
    this.#log('main: the watch is dead')
    this.#main.mourn()
    this.#wire.length = 0
    this.#oldWorld.dropped(this.#main.knownVersion)
    this.#isMourned = true
  }

  #launch(): void {
    const { indexer, contract } = this.#main
    const resumeVersion = indexer.safeVersion
    const incarnation = ++this.#incarnation
    this.#main.begin(incarnation)
    this.#isMourned = false
    this.#log(
      `main: watch ${incarnation} starts, ${resumeVersion === undefined ? 'list' : `after ${resumeVersion}`}`,
    )
    this.#oldWorld.workerStarted()
    this.#worker = new WorkerLife({
      stages: this.#options.stages,
      random: this.#random,
      clock: this.#clock,
      server: this.#server,
      contract,
      shape: this.#shape,
      incarnation,
      firstGeneration: indexer.generationMax + 1,
      resumeVersion,
      // With lagging replicas a list may be older than main's cache: the sweep must spare what is newer.
      knownVersion: this.#faults.stale ? 0 : this.#main.knownVersion,
      onListEnded: (highest) => {
        this.#lagFloor = Math.max(this.#lagFloor, highest)
      },
      lagFloor: this.#lagFloor,
      faults: this.#faults,
      startsExpired: this.#faults.stale && this.#random.chance(0.8),
      watchFromHighestPage: this.#options.watchFromHighestPage === true,
      post: (posted) => {
        this.#oldWorld.posted(posted)
        this.#wire.push(posted)
      },
      onReset: () => this.#oldWorld.resetDeclared(),
      onRule: this.#options.onRule ?? (() => {}),
      log: this.#log,
    })
  }

  #restore(): void {
    const before = this.#server.version
    if (!this.#server.restore()) return
    const version = this.#server.version - 1
    this.#log(`etcd: restored from ${before} to ${version}`)
    this.#oldWorld.restored(version, this.#server.ceiling, {
      worker: this.#worker?.reading.known ?? 0,
      main: this.#main.knownVersion,
      batches: [...this.#wire, ...this.#main.waiting],
    })
    this.#worker?.reading.cut()
  }

  /** Faults stop: everything must come to rest with cache and server equal. */
  #rest(): void {
    this.#log('faults stop')
    for (let i = 0; i < restStepsMax; i++) {
      if (!this.#calm()) continue
      const worker = this.#worker as WorkerLife
      if (this.#main.contract.hasLosses) {
        // Nothing but a new list can find what a server lost.
        worker.reading.relist()
        continue
      }
      if (worker.flush()) continue
      this.#main.checkAtRest()
      this.#main.checkStore()
      worker.checkAtRest()
      return
    }
    violate('converge', `no rest after ${restStepsMax} steps`)
  }

  /** One round of everything but faults; returns whether nothing is left to be done. */
  #calm(): boolean {
    if (this.#worker === undefined) {
      if (!this.#isMourned) this.#mourn()
      this.#launch()
    }
    const worker = this.#worker as WorkerLife
    worker.reading.faults = { ...this.#faults, lose: 0, refuse: 0, repeat: 0, cut: 0, stale: false }
    worker.read(1)
    worker.flush()
    worker.thread.turn()
    worker.thread.fireTimer(true)
    this.#deliver()
    while (this.#main.turn()) {}
    while (this.#main.listeners.openCount > 0) this.#main.listeners.settle()
    this.#credit()
    if (!worker.isIdle || this.#wire.length > 0 || !this.#main.isAtRest) return false
    return this.#main.credits.length === 0 && !worker.thread.hasTurn
  }

  #comeToRest(): void {
    this.#log('calm')
    for (let i = 0; i < restStepsMax && !this.#calm(); i++) {}
  }

  /** All is quiet, then much happens at once, and the thread dies while main has only a part of it. */
  #crashInBatch(): void {
    this.#comeToRest()
    const writes = this.#isWide ? 50 + this.#random.below(50) : 4 + this.#random.below(8)
    for (let i = writes; i > 0; i--) this.#write()
    this.#read(writes)
    // One batch, or a few; of a large one main applies as much as a slice or two allow.
    do {
      if (this.#worker?.thread.turn() !== true && this.#worker?.flush() !== true) break
    } while (this.#random.chance(0.5))
    while (this.#wire.length > 0) this.#deliver()
    for (let i = this.#random.below(this.#isWide ? 3 : 6); i > 0; i--) this.#main.turn()
    this.#crash()
    this.#mourn()
    if (this.#random.chance(0.5)) return
    for (let i = this.#random.below(4); i > 0; i--) this.#write()
    this.#launch()
    this.#read(writes)
  }
}

import type { CacheEpoch } from '../../src/indexer/cache-epoch.ts'
import type { Overflow } from '../../src/notify/listener-limits.ts'
import type { Processor } from '../../src/notify/processor.ts'
import type { Registration } from '../../src/notify/registration.ts'
import type { CacheContract } from './cache-contract.ts'
import { FilterContract } from './filter-contract.ts'
import { type AnyEvent, ListenerContract, type OpenCall, type Thing } from './listener-contract.ts'
import type { ModelServer } from './model-server.ts'
import type { Random } from './random.ts'
import { SimulatedLoop } from './simulated-loop.ts'
import type { Stages } from './stages.ts'
import type { VirtualClock } from './virtual-time.ts'

interface Listening {
  readonly contract: ListenerContract
  readonly filter: FilterContract
  readonly registration: Registration
  readonly loop?: SimulatedLoop
}

export interface ListenersOptions {
  readonly stages: Stages
  readonly processor: Processor<CacheEpoch>
  readonly cache: CacheContract<CacheEpoch>
  readonly server: ModelServer
  readonly random: Random
  readonly clock: VirtualClock
  readonly isPrivate: boolean
  readonly log: (line: string) => void
}

/** What makes an object a promise; named here, since no other object may have such a method. */
const subscribeName = 'then'
const listenersMax = 6
const asyncError = new Error('a handler rejected')
const syncError = new Error('a handler threw')

/** Registrations of every temper, added and removed at any time: quick, slow, failing, asynchronous ones. */
export class Listeners {
  readonly #options: ListenersOptions
  readonly #all: Listening[] = []
  /** Calls of asynchronous handlers that wait to be settled. */
  readonly #open: (() => void)[] = []
  #found: unknown
  #added = 0
  #failing: ListenerContract | undefined

  constructor(options: ListenersOptions) {
    this.#options = options
  }

  get openCount(): number {
    return this.#open.length
  }

  get count(): number {
    return this.#all.length
  }

  add(): void {
    const { stages, processor, cache, server, random, isPrivate, log } = this.#options
    if (this.#all.length >= (isPrivate ? 1 : listenersMax)) return
    const label = `listener ${++this.#added}`
    const countMax = random.pick([1, 2, 4, 16, 10_000])
    const face = random.pick(['callbacks', 'callbacks', 'batch', 'loop'] as const)
    const concurrency = face === 'loop' ? 1 : random.pick([1, 1, 2, 5, 16])
    const batchCountMax = face === 'batch' ? random.pick([1, 2, 5, 1_000]) : 1
    const overflow = random.pick<Overflow>(
      isPrivate
        ? ['backpressure', 'backpressure', 'backpressure', 'coalesce', 'replay']
        : ['coalesce', 'coalesce', 'replay'],
    )
    const doesResync = random.chance(0.2)
    // By the hash, and by a path that is none.
    const when = random.pick([undefined, undefined, ['metadata.labels'], ['metadata.labels.color']])
    const isLate = cache.fold.size > 0
    const asyncShare = random.pick([0, 0, 0.5, 1])
    const failingShare = random.pick([0, 0.2])
    const slowMs = random.pick([0, 0, 20])
    const contract = new ListenerContract({
      label,
      cache,
      stateOf: (object) => server.bySerial.get(object.spec.serial),
      versionText: (version) => server.versionText(version),
      countMax,
      concurrency,
      batchCountMax,
      overflow,
      doesResync,
      isLate,
      isFiltered: when !== undefined,
      isLoop: face === 'loop',
      log,
    })
    log(
      `${label} comes, ${face}: ${overflow}, ${countMax} changes, ${concurrency} calls${asyncShare > 0 ? ', asynchronous' : ''}`,
    )
    const filter = new FilterContract(stages, label)
    const options = {
      // Each of them takes each of these handlers.
      buffer: { countMax, bytesMax: random.pick([1, 2_000, 16_000_000]), overflow: overflow as 'replay' },
      ...(doesResync && { resyncPeriodMs: 50 }),
      ...(when !== undefined && { when }),
    }
    if (face === 'loop') {
      const loop = new SimulatedLoop({
        ...{ stages, processor, listenerOptions: options, contract },
        see: (change) => filter.take(change),
        later: (goOn) => {
          if (slowMs > 0) this.#options.clock.nowMs += random.unit() * slowMs
          if (random.chance(asyncShare)) this.#open.push(goOn)
          else goOn()
        },
      })
      this.#all.push({ contract, filter, registration: loop.registration, loop })
      return
    }
    const handle = (changes: readonly AnyEvent[]): PromiseLike<void> | undefined => {
      const call = contract.started(changes)
      for (const change of changes) filter.take(change)
      if (slowMs > 0) this.#options.clock.nowMs += random.unit() * slowMs
      const fails = random.chance(failingShare)
      if (random.chance(asyncShare)) return this.#later(contract, call, fails)
      contract.ended(call)
      if (!fails) return undefined
      this.#failing = contract
      throw syncError
    }
    const notices = {
      onSynced: (): void => contract.synced(registration),
      onDesynced: (): void => contract.desynced(),
    }
    const one = (change: AnyEvent): PromiseLike<void> | undefined => handle([change])
    const registration: Registration = processor.addListener<Thing>(
      face === 'batch'
        ? { onChanges: handle, ...notices }
        : { onAdd: one, onUpdate: one, onDelete: one, ...notices },
      { ...options, concurrency, ...(face === 'batch' && { batchCountMax }) },
    )
    this.#all.push({ contract, filter, registration })
  }

  remove(): void {
    const { random, log } = this.#options
    if (this.#all.length === 0) return
    const [gone] = this.#all.splice(random.below(this.#all.length), 1)
    if (gone === undefined) return
    log(`a listener goes, ${gone.contract.openCalls} calls open`)
    gone.contract.isRemoved = true
    // A loop may end by itself, too.
    if (gone.loop !== undefined && random.chance(0.5)) gone.loop.leave()
    else void gone.registration.remove()
  }

  /** One open call of an asynchronous handler comes to its end. */
  settle(): void {
    const { random } = this.#options
    const [call] = this.#open.splice(random.below(this.#open.length), 1)
    call?.()
  }

  listCompleted(): void {
    for (const { contract } of this.#all) contract.listCompleted()
  }

  handlerError(error: unknown): void {
    // What the contract finds inside a handler's call is reported here, as any error of a handler is.
    if (error !== asyncError && error !== syncError) this.#found ??= error
    else if (this.#failing === undefined) this.#found ??= new Error('an error was reported for no listener')
    else this.#failing.errors++
    this.#failing = undefined
  }

  check(): void {
    if (this.#found !== undefined) throw this.#found
    for (const { contract, registration } of this.#all) contract.check(registration)
  }

  checkAtRest(): void {
    for (const { contract, filter, registration } of this.#all) {
      contract.checkAtRest(registration)
      filter.checkAtRest(contract.told)
    }
  }

  /** A promise that settles when the schedule says so, at once and not in a microtask: schedules stay synchronous. */
  #later(contract: ListenerContract, call: OpenCall, fails: boolean): PromiseLike<void> {
    const subscribe = (onFulfilled: () => void, onRejected: (error: unknown) => void): void => {
      this.#open.push(() => {
        contract.ended(call)
        if (!fails) return onFulfilled()
        this.#failing = contract
        onRejected(asyncError)
      })
    }
    return { [subscribeName]: subscribe } as unknown as PromiseLike<void>
  }
}

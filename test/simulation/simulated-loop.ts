import type { CacheEpoch } from '../../src/indexer/cache-epoch.ts'
import type { Change } from '../../src/notify/changes.ts'
import type { ChangesIterator, LoopHandlers } from '../../src/notify/changes-iterator.ts'
import type { ObjectChange } from '../../src/notify/handlers.ts'
import type { Processor } from '../../src/notify/processor.ts'
import type { Registration } from '../../src/notify/registration.ts'
import type { AnyListenerOptions } from '../../src/notify/replay-handlers.ts'
import { violate } from './contract-violation.ts'
import type { ListenerContract, Thing } from './listener-contract.ts'
import type { Stages } from './stages.ts'

export interface SimulatedLoopOptions {
  readonly stages: Stages
  readonly processor: Processor<CacheEpoch>
  readonly listenerOptions: AnyListenerOptions
  readonly contract: ListenerContract
  readonly see: (change: ObjectChange<Thing>) => void
  /** Calls `goOn` now, or when the schedule says so. */
  readonly later: (goOn: () => void) => void
}

/** A loop over changes without promises: it asks on when the schedule says so, in the middle of whatever runs. */
export class SimulatedLoop {
  readonly #options: SimulatedLoopOptions
  readonly #loop: ChangesIterator<Thing>
  #registration: Registration | undefined

  constructor(options: SimulatedLoopOptions) {
    this.#options = options
    const { stages, processor, listenerOptions } = options
    this.#loop = new stages.ChangesIterator<Thing>(
      [
        (handlers, onRemoved) => {
          this.#registration = processor.addListener<Thing>(this.#watch(handlers), listenerOptions, onRemoved)
          return this.#registration
        },
      ],
      undefined,
    )
    this.#ask()
  }

  get registration(): Registration {
    return this.#registration as Registration
  }

  leave(): void {
    void this.#loop.return()
  }

  /** The marks as they are made. */
  #watch(handlers: LoopHandlers): LoopHandlers {
    let isDesynced = false
    return {
      ...handlers,
      onDesynced: () => {
        isDesynced = true
        handlers.onDesynced()
      },
      onSynced: () => {
        if (isDesynced) this.#options.contract.checkSyncedAgain(this.registration)
        isDesynced = false
        handlers.onSynced()
      },
    }
  }

  #ask(): void {
    this.#loop.ask(
      ({ value }) => {
        if (value !== undefined) this.#take(value)
        else if (!this.#options.contract.isRemoved) violate('loop', 'it ended, and nobody ended it')
      },
      (error) => violate('loop', String(error)),
    )
  }

  #take(change: Change<Thing>): void {
    const { contract, see, later } = this.#options
    if (change.type === 'synced' || change.type === 'desynced') {
      if (change.type === 'synced') contract.synced(this.registration)
      else contract.desynced()
      contract.isAtMark = true
      later(() => {
        contract.isAtMark = false
        this.#ask()
      })
      return
    }
    const call = contract.started([change])
    see(change)
    later(() => {
      contract.ended(call)
      this.#ask()
    })
  }
}

import type { KubeInformerError } from '../errors.ts'
import type { InformerState } from '../informer-stats.ts'

/** What {@link Informer.onStateChange} tells. */
export interface StateChange {
  readonly state: InformerState
  /** Why, while something is wrong. */
  readonly error: KubeInformerError | undefined
  /** Failed attempts in a row, 0 while healthy. */
  readonly attempt: number
}

/** What {@link Informer.onWatchError} tells. */
export interface WatchFailure {
  readonly error: KubeInformerError
  /** Failed attempts in a row, this one among them. */
  readonly attempt: number
}

export type Unsubscribe = () => void

/** Calls code of the user: what it throws is heard, and harms nobody. */
export type CallUser = (call: () => void) => void

/** What an informer is doing, and who wants to hear of it. */
export class InformerStates {
  readonly #callUser: CallUser
  readonly #listeners = new Listeners<StateChange>()
  readonly #failureListeners = new Listeners<WatchFailure>()
  #now: StateChange = { state: 'idle', error: undefined, attempt: 0 }

  constructor(callUser: CallUser) {
    this.#callUser = callUser
  }

  get now(): StateChange {
    return this.#now
  }

  onChange(listener: (change: StateChange) => void): Unsubscribe {
    return this.#listeners.add(listener)
  }

  onFailure(listener: (failure: WatchFailure) => void): Unsubscribe {
    return this.#failureListeners.add(listener)
  }

  /** What says the same as before is told to nobody: errors of a worker are made anew for each message. */
  set(state: InformerState, error?: KubeInformerError, attempt = 0): void {
    const before = this.#now
    this.#now = { state, error, attempt }
    if (isSame(before, this.#now)) return
    this.#listeners.tell(this.#now, this.#callUser)
  }

  failed(error: KubeInformerError, attempt: number): void {
    this.#failureListeners.tell({ error, attempt }, this.#callUser)
  }
}

function isSame(a: StateChange, b: StateChange): boolean {
  return (
    a.state === b.state &&
    a.attempt === b.attempt &&
    a.error?.code === b.error?.code &&
    a.error?.message === b.error?.message
  )
}

class Listeners<E> {
  readonly #all = new Set<(event: E) => void>()

  add(listener: (event: E) => void): Unsubscribe {
    // A function of its own: the same listener may listen twice.
    const own = (event: E): void => listener(event)
    this.#all.add(own)
    return () => void this.#all.delete(own)
  }

  tell(event: E, callUser: CallUser): void {
    // A copy: one that is added by another one hears of what comes next.
    for (const listener of [...this.#all]) if (this.#all.has(listener)) callUser(() => listener(event))
  }
}

import type { ObjectState } from './model-server.ts'
import type { Posted } from './worker-life.ts'

/**
 * Who still believes in a world that a restored etcd no longer has: worker, main, or a batch on its way between them.
 * While anybody does, the server must not overtake what they know (see ModelServer.restore).
 */
export class OldWorld {
  readonly #onGone: () => void
  readonly #isOfNewWorld: (state: ObjectState) => boolean
  #isPending = false
  /** What etcd went back to. */
  #version = 0
  /** The lowest version of what is lost that anybody was told of; the new world stays below it. */
  #lostFrom = 0
  #isWorkerIn = false
  #isMainIn = false
  readonly #batches = new Set<Posted>()

  constructor(onGone: () => void, isOfNewWorld: (state: ObjectState) => boolean) {
    this.#onGone = onGone
    this.#isOfNewWorld = isOfNewWorld
  }

  get isPending(): boolean {
    return this.#isPending
  }

  /** etcd went back to `version`; `lostFrom`: see {@link ModelServer.ceiling}. */
  restored(
    version: number,
    lostFrom: number,
    known: { worker: number; main: number; batches: Iterable<Posted> },
  ): void {
    this.#isPending = true
    this.#version = version
    this.#lostFrom = lostFrom
    this.#isWorkerIn = known.worker > version
    this.#isMainIn = known.main > version
    for (const posted of known.batches) if (this.#isOld(posted)) this.#batches.add(posted)
    this.#settle()
  }

  /** The worker declared a reset: what it tells from now on is of the new world. */
  resetDeclared(): void {
    this.#isWorkerIn = false
  }

  workerStarted(): void {
    this.#isWorkerIn = this.#isMainIn
    this.#settle()
  }

  workerDied(): void {
    this.#isWorkerIn = false
    this.#settle()
  }

  posted(posted: Posted): void {
    if (this.#isWorkerIn && this.#isOld(posted)) this.#batches.add(posted)
  }

  /** Main applied something of it. */
  touched(posted: Posted): void {
    if (this.#batches.has(posted)) this.#isMainIn = true
  }

  resetApplied(posted: Posted): void {
    this.#isMainIn = this.#batches.has(posted)
    this.#settle()
  }

  applied(posted: Posted): void {
    this.touched(posted)
    this.#batches.delete(posted)
    this.#settle()
  }

  /**
   * Nothing that is on its way will arrive, nor the rest of a batch that main had begun: of that one it may have taken
   * only rows that the new world has, too. `known`: the newest version that main knows.
   */
  dropped(known: number): void {
    this.#batches.clear()
    this.#isMainIn &&= known >= this.#lostFrom
    this.#settle()
  }

  /** It tells main something that the restored etcd does not know. */
  #isOld(posted: Posted): boolean {
    if (posted.controlVersionMax > this.#version) return true
    for (const offers of posted.facts.offers.values()) {
      for (const { state } of offers)
        if (state.version > this.#version && !this.#isOfNewWorld(state)) return true
    }
    return false
  }

  #settle(): void {
    if (!this.#isPending || this.#isWorkerIn || this.#isMainIn || this.#batches.size > 0) return
    this.#isPending = false
    this.#onGone()
  }
}

import type { Runtime, Timer } from '../base/runtime.ts'
import type { VersionCell } from '../protocol/record-store.ts'

/**
 * When one listener is told of the whole cache again, and how far that has come. It never waits in the buffer: the
 * listener asks for the next object when nothing else is to do. A round that outlasts the period delays the next one.
 */
export class Resync<E> {
  readonly #runtime: Runtime
  readonly #periodMs: number
  readonly #cells: () => Iterator<VersionCell<E>>
  readonly #onDue: () => void
  #timer: Timer | undefined
  #round: Iterator<VersionCell<E>> | undefined

  constructor(options: {
    readonly runtime: Runtime
    readonly periodMs: number
    readonly cells: () => Iterator<VersionCell<E>>
    /** A round begins: {@link next} has something. */
    readonly onDue: () => void
  }) {
    this.#runtime = options.runtime
    this.#periodMs = options.periodMs
    this.#cells = options.cells
    this.#onDue = options.onDue
  }

  /** A listener has synced: before, everything it gets is new to it. */
  start(): void {
    this.#timer ??= this.#runtime.setTimer(this.#periodMs, this.#due)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#round = undefined
  }

  get isRunning(): boolean {
    return this.#round !== undefined
  }

  next(): VersionCell<E> | undefined {
    const next = this.#round?.next()
    if (next !== undefined && next.done !== true) return next.value
    this.#round = undefined
    return undefined
  }

  readonly #due = (): void => {
    this.#timer = this.#runtime.setTimer(this.#periodMs, this.#due)
    if (this.#round !== undefined) return
    this.#round = this.#cells()
    this.#onDue()
  }
}

import type { VersionCell } from '../protocol/record-store.ts'
import type { ChangeEvent } from './change-event.ts'
import type { ListenerLimits } from './listener-limits.ts'

/** Changes on their way into one call of `onChanges`, oldest first; of one object there may be several. */
export class ChangeBatch<E> {
  readonly #countMax: number
  readonly #bytesMax: number
  readonly #events: ChangeEvent<E>[] = []
  #bytes = 0
  #activeKeys: Set<string> | undefined

  constructor(limits: Pick<ListenerLimits, 'batchCountMax' | 'bytesMax'>) {
    this.#countMax = limits.batchCountMax
    this.#bytesMax = limits.bytesMax
  }

  get isEmpty(): boolean {
    return this.#events.length === 0
  }

  /** By bytes, too: what left the buffer counts in no bound of it, and is kept as long as the call runs. */
  get isFull(): boolean {
    return this.#events.length >= this.#countMax || this.#bytes >= this.#bytesMax
  }

  add(event: ChangeEvent<E>, bytes: number): void {
    this.#events.push(event)
    this.#bytes += bytes
  }

  /** The handler's own: one that takes changes out of it would keep their records for good. Freezing costs more. */
  toArray(): readonly ChangeEvent<E>[] {
    return this.#events.slice()
  }

  /** Calls for these objects wait until {@link end}. */
  markActive(keys: Set<string>): void {
    for (const { key } of this.#events) keys.add(key)
    this.#activeKeys = keys
  }

  /** The call ended. */
  end(release: (cell: VersionCell<E>) => void, onFinished: (key: string, isInitial: boolean) => void): void {
    const keys = this.#activeKeys
    for (const event of this.#events) {
      keys?.delete(event.key)
      event.expire(release)
      onFinished(event.key, event.isInInitialList)
    }
  }
}

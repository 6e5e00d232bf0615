import type { VersionCell } from '../protocol/record-store.ts'

/** Why a listener hears of an object: a list (initial or later), the watch, a resync, or a replay of the cache. */
export type ChangeCause = 'list' | 'watch' | 'resync' | 'replay'

/**
 * What the indexer tells the processor, once per change of the cache, in the order of the changes, after the cache
 * and its indices hold the new state. Cells are borrowed: whoever keeps one past the call calls `store.use(cell)`.
 */
export interface ChangeSink<E> {
  added(key: string, cell: VersionCell<E>, cause: ChangeCause, receivedAtMs: number): void
  updated(
    key: string,
    old: VersionCell<E>,
    cell: VersionCell<E>,
    cause: ChangeCause,
    receivedAtMs: number,
  ): void
  /**
   * `old` is what the cache held. `final` is the deleted object's last state as the server sent it, or `old` itself
   * with `finalStateUnknown` (vanished in a list, or re-created under the same name without its delete being seen).
   */
  deleted(
    key: string,
    old: VersionCell<E>,
    final: VersionCell<E>,
    finalStateUnknown: boolean,
    cause: ChangeCause,
    receivedAtMs: number,
  ): void
  /** The cache holds a complete list (first or later). */
  listCompleted(): void
}

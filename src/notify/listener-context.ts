import type { Runtime } from '../base/runtime.ts'
import type { Slicer } from '../base/slicer.ts'
import type { Column } from '../protocol/column.ts'
import type { VersionCell } from '../protocol/record-store.ts'
import type { OnListenerError } from './handler-error.ts'
import type { HandlerTracer } from './handler-tracer.ts'
import type { Unsynced } from './listener-sync.ts'
import type { Registration } from './registration.ts'
import type { SharedReads } from './shared-reads.ts'

/** No handler of it is called any more, but calls may run. */
export interface RemovedListener extends Registration {
  /** So many. */
  readonly inProgress: number
}

/** What all listeners of one processor have in common. */
export interface ListenerContext<E> {
  readonly runtime: Runtime
  readonly slicer: Slicer
  readonly reads: SharedReads<E>
  readonly cells: () => Iterator<VersionCell<E>>
  readonly cell: (key: string) => VersionCell<E> | undefined
  /** Of the records: may grow until the first one comes. */
  readonly columns: readonly Column[]
  /** The cache has held a complete list. */
  readonly isListed: () => boolean
  readonly onHandlerError: OnListenerError
  readonly tracer?: HandlerTracer | undefined
  readonly unsynced: () => Unsynced | undefined
  readonly onRemoved: (listener: RemovedListener) => void
  /** The listener no longer holds its cache back. */
  readonly onRoom: () => void
}

import type { ChangeCause } from './change-sink.ts'
import type { HandlerName } from './handler-error.ts'

/** Tells of handler calls, before, after and across their awaits. */
export interface HandlerTracer {
  /** Somebody listens: asked before every call, so that nothing is made for nobody. */
  readonly isHeard: boolean
  /** Calls `handler` and tells of it. What it gives, throws or rejects with stays the same. */
  trace<A>(
    handler: (argument: A) => unknown,
    key: string,
    name: HandlerName,
    /** Left out of a batch: its changes may have several. */
    cause: ChangeCause | undefined,
  ): (argument: A) => unknown
}

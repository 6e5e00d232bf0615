/** A callback of a registration, as errors name it. */
export type HandlerName =
  | 'onAdd'
  | 'onUpdate'
  | 'onDelete'
  | 'onChanges'
  | 'onSynced'
  | 'onDesynced'
  | 'lag.onChange'

/** Where a handler failed. */
export interface HandlerErrorContext {
  /** `pods`, `apps/v1/deployments`. */
  readonly resource: string
  /** Empty for `onChanges`, `onSynced`, `onDesynced` and `lag.onChange`. */
  readonly key: string
  readonly handler: HandlerName | 'index'
}

/** `own`: the registration's, which is told instead of anybody else. */
export type OnListenerError = (
  error: unknown,
  key: string,
  handler: HandlerName,
  registration: object,
  own: ((error: unknown, context: HandlerErrorContext) => void) | undefined,
) => void

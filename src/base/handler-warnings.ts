import { RateLimit } from './rate-limit.ts'
import { readThrown, stackOf } from './thrown.ts'

/** Where a handler failed; what is not known is `''`. */
export interface HandlerFailure {
  readonly resource: string
  readonly key: string
  readonly handler: string
}

/**
 * What becomes of handlers' errors when the user gave no `onHandlerError` (low level: `onError`): process warnings with the code
 * KUBE_INFORMER_HANDLER_ERROR, the first one at once. They name resource and key: an object may hold secrets.
 */
export class HandlerWarnings {
  readonly #limit: RateLimit

  constructor(nowMs: () => number) {
    this.#limit = new RateLimit(nowMs)
  }

  /** `source` is the registration, or the controller. */
  report(error: unknown, context: HandlerFailure, source: object): void {
    const { resource, key, handler } = context
    const untold = this.#limit.pass(source, handler)
    if (untold === undefined) return
    const where = [resource, key].filter((part) => part !== '').join(' ')
    const more = untold > 0 ? ` (and ${untold} times since the last warning)` : ''
    const { isError, message } = readThrown(error)
    const detail = stackOf(error)
    process.emitWarning(
      `${handler} failed${where && ` for ${where}`}: ${isError ? message : typeof error}${more}`,
      {
        type: 'HandlerWarning',
        code: 'KUBE_INFORMER_HANDLER_ERROR',
        ...(detail !== undefined && { detail }),
      },
    )
  }
}

/** Where a handler failed; what is not known is `''`. */
export interface HandlerFailure {
  readonly resource: string
  readonly key: string
  readonly handler: string
}

/** One kind of handler of one registration is told of at most so often. */
const silenceMs = 60_000

/**
 * What becomes of handlers' errors when the user gave no `onHandlerError` (low level: `onError`): process warnings with the code
 * KUBE_INFORMER_HANDLER_ERROR, the first one at once. They name resource and key: an object may hold secrets.
 */
export class HandlerWarnings {
  readonly #nowMs: () => number
  readonly #told = new WeakMap<object, Map<string, { atMs: number; untold: number }>>()

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** `source` is the registration, or the controller; without it, one bad handler would silence the others. */
  report(error: unknown, context: HandlerFailure, source: object): void {
    const { resource, key, handler } = context
    const kinds = this.#told.get(source) ?? new Map<string, { atMs: number; untold: number }>()
    this.#told.set(source, kinds)
    const last = kinds.get(handler)
    const nowMs = this.#nowMs()
    if (last !== undefined && nowMs - last.atMs < silenceMs) {
      last.untold++
      return
    }
    kinds.set(handler, { atMs: nowMs, untold: 0 })
    const where = [resource, key].filter((part) => part !== '').join(' ')
    const more =
      last !== undefined && last.untold > 0 ? ` (and ${last.untold} times since the last warning)` : ''
    const isError = error instanceof Error
    process.emitWarning(
      `${handler} failed${where && ` for ${where}`}: ${isError ? error.message : typeof error}${more}`,
      {
        type: 'HandlerWarning',
        code: 'KUBE_INFORMER_HANDLER_ERROR',
        ...(isError && error.stack !== undefined && { detail: error.stack }),
      },
    )
  }
}

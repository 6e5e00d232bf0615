import { type ErrorCode, type ErrorFacts, KubeInformerError } from '../errors.ts'

/** A {@link KubeInformerError} as plain data: structured clone would drop class, name and code on its way between threads. */
export interface WireError {
  readonly code: ErrorCode
  readonly message: string
  readonly facts: ErrorFacts
  /** Message chain of the causes, outermost first; causes themselves may hold anything and stay behind. */
  readonly causes: readonly string[]
}

export function toWireError(error: unknown): WireError {
  const own = error instanceof KubeInformerError ? error : undefined
  const causes: string[] = []
  let cause: unknown = own === undefined ? error : own.cause
  for (let depth = 0; cause !== undefined && cause !== null && depth < 4; depth++) {
    causes.push(cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause))
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return {
    code: own?.code ?? 'ERR_INTERNAL',
    message: own?.message ?? (error instanceof Error ? error.message : String(error)),
    facts: own?.facts ?? {},
    causes,
  }
}

export function fromWireError(wire: WireError): KubeInformerError {
  let cause: Error | undefined
  for (let i = wire.causes.length - 1; i >= 0; i--) {
    cause = new Error(wire.causes[i] as string, cause === undefined ? undefined : { cause })
  }
  return new KubeInformerError(wire.code, wire.message, { facts: wire.facts, ...(cause && { cause }) })
}

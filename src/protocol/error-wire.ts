import { readThrown } from '../base/thrown.ts'
import { type ErrorCode, type ErrorFacts, KubeInformerError } from '../errors.ts'

/** A {@link KubeInformerError} as plain data: structured clone would drop class, name and code on its way between threads. */
export interface WireError {
  readonly code: ErrorCode
  readonly message: string
  readonly facts: ErrorFacts
  /** Message chain of the causes, outermost first; causes themselves may hold anything and stay behind. */
  readonly causes: readonly string[]
}

/** Never throws, whatever it is given and whatever the causes are: they may be what a user's code threw. */
export function toWireError(error: unknown): WireError {
  const own = isOwn(error) ? error : undefined
  const causes: string[] = []
  let cause: unknown = own === undefined ? error : own.cause
  for (let depth = 0; cause !== undefined && cause !== null && depth < 4; depth++) {
    const read = readThrown(cause)
    causes.push(read.isError ? `${read.name}: ${read.message}` : read.message)
    cause = read.cause
  }
  return {
    code: own?.code ?? 'ERR_INTERNAL',
    message: own?.message ?? readThrown(error).message,
    facts: own?.facts ?? {},
    causes,
  }
}

/** Whether it has the brand is asked of the value itself: a proxy may answer with a throw. */
function isOwn(error: unknown): error is KubeInformerError {
  try {
    return error instanceof KubeInformerError
  } catch {
    return false
  }
}

export function fromWireError(wire: WireError): KubeInformerError {
  let cause: Error | undefined
  for (let i = wire.causes.length - 1; i >= 0; i--) {
    cause = new Error(wire.causes[i] as string, cause === undefined ? undefined : { cause })
  }
  return new KubeInformerError(wire.code, wire.message, { facts: wire.facts, ...(cause && { cause }) })
}

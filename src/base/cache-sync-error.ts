import { type ErrorFacts, KubeInformerError } from '../errors.ts'

export type PendingSync = NonNullable<ErrorFacts['pending']>[number]

/** The one wording of a wait that ended too early: which caches, in which state, and why. */
export function cacheSyncError(
  pending: readonly PendingSync[],
  signal: AbortSignal | undefined,
  lastError: unknown,
): KubeInformerError {
  const reasons = pending.map(({ resource, state, lastError: why }) =>
    why === undefined ? `${resource} (${state})` : `${resource} (${state}: ${why})`,
  )
  return new KubeInformerError('ERR_CACHE_SYNC', `not synced${howEnded(signal)}: ${reasons.join(', ')}`, {
    cause: lastError ?? signal?.reason,
    facts: { pending },
  })
}

export function howEnded(signal: AbortSignal | undefined): string {
  if (signal?.aborted !== true) return ''
  const { reason } = signal
  const isTimeout = reason instanceof Error && reason.name === 'TimeoutError'
  return isTimeout ? ' in time' : ' when the wait was aborted'
}

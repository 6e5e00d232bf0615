import { KubeInformerError, printed } from '../errors.ts'

const reasonCharsMax = 200

/** A fresh error per call: the restart gate tells deaths apart by identity. */
export function workerDied(cause: unknown): KubeInformerError {
  return new KubeInformerError('ERR_WORKER_DIED', `the worker of this watch died: ${reasonOf(cause)}`, {
    cause,
  })
}

/** `lastDeath`: of the same watch, in this row of failures. Without it nobody who looks later learns the reason. */
export function workerSilent(timeoutMs: number, lastDeath: KubeInformerError | undefined): KubeInformerError {
  const silence = `no worker acknowledged the watch in ${timeoutMs / 1_000} s`
  if (lastDeath === undefined) return new KubeInformerError('ERR_WORKER_START', silence)
  return new KubeInformerError('ERR_WORKER_START', `${silence}; before, ${lastDeath.message}`, {
    cause: lastDeath,
  })
}

/** The first line, cut: some messages hold a whole source text. */
function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message || cause.name : printed(cause)
  const line = text.split('\n', 1)[0] ?? ''
  return line.length > reasonCharsMax ? `${line.slice(0, reasonCharsMax)}…` : line
}

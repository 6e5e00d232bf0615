import type { ErrorCode, KubeInformerError } from '../errors.ts'

/** What a person at a terminal must mend; the library retries these for ever, as a controller needs it. */
const fatalCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_CONNECTION',
  'ERR_SILENT_CONNECTION',
  'ERR_UNAUTHORIZED',
  'ERR_FORBIDDEN',
  'ERR_NOT_FOUND',
  'ERR_UNEXPECTED_BODY',
  'ERR_KUBECONFIG',
  'ERR_CREDENTIALS',
  // A thread that cannot even start is a broken installation.
  'ERR_WORKER_DIED',
  'ERR_WORKER_START',
  'ERR_INVALID_OPTION',
  'ERR_INVALID_SELECTOR',
])

/** Whether a watch that never delivered anything shall end for this error. 400: a selector the server refuses. */
export function isFatalAtStart(error: KubeInformerError): boolean {
  return fatalCodes.has(error.code) || error.facts.status === 400
}

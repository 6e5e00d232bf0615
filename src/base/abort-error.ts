/** What Node's own waits reject with: `name` AbortError, `code` ABORT_ERR, and as `cause` why the signal aborted. */
export function abortError(signal: AbortSignal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason })
  error.name = 'AbortError'
  return Object.assign(error, { code: 'ABORT_ERR' })
}

import { checkNames, checkSignal } from '../base/check-options.ts'
import { nodeRuntime, type Runtime } from '../base/runtime.ts'
import { TurnBudget } from '../base/turn-budget.ts'
import { concurrencyMax, whole } from './options.ts'

export interface ParallelizeUntilOptions {
  /** Pieces that may be worked on at once. */
  readonly concurrency: number
  /** Pieces in a row that one worker takes at a time, and works off in order. @default 1 */
  readonly chunkSize?: number
  /** Aborting ends the taking of pieces. */
  readonly signal?: AbortSignal
  /** For tests. @default Node's */
  readonly runtime?: Runtime
}

/**
 * Calls `worker` once for each of 0 … `count` − 1; resolves when all calls have ended well.
 *
 * The first throw or rejection, or an abort of `signal`, stops it: no further piece is begun, `context.signal` aborts,
 * and once the calls in progress have ended it rejects with that error, or with the signal's reason. Synchronous
 * workers run in slices of 5 ms, between which I/O and timers have their turn. Rejects with ERR_INVALID_OPTION.
 *
 * @example
 * await parallelizeUntil(nodes.length, (i) => drain(nodes[i]), { concurrency: 8, signal })
 */
export async function parallelizeUntil(
  count: number,
  worker: (piece: number, context: { readonly signal: AbortSignal }) => unknown,
  options: ParallelizeUntilOptions,
): Promise<void> {
  checkNames('', options, ['concurrency', 'chunkSize', 'signal', 'runtime'])
  checkSignal('signal', options.signal)
  whole('count', count, 0)
  const concurrency = whole('concurrency', options.concurrency, 1, concurrencyMax)
  const chunkSize = whole('chunkSize', options.chunkSize ?? 1, 1)
  const stop = new AbortController()
  const budget = new TurnBudget(options.runtime ?? nodeRuntime)
  let next = 0
  let doneCount = 0

  const work = async (): Promise<void> => {
    while (next < count) {
      const start = next
      const end = Math.min(count, start + chunkSize)
      next = end
      for (let piece = start; piece < end; piece++) {
        for (let turn = budget.spent(); turn !== undefined; turn = budget.spent()) await turn
        if (stop.signal.aborted) return
        await worker(piece, { signal: stop.signal })
        doneCount++
      }
    }
  }
  // Only the first reason counts, whoever gave it.
  const onAbort = (): void => stop.abort(options.signal?.reason)
  if (options.signal?.aborted) onAbort()
  options.signal?.addEventListener('abort', onAbort)
  const workerCount = Math.min(concurrency, Math.ceil(count / chunkSize))
  await Promise.all(Array.from({ length: workerCount }, () => work().catch((error) => stop.abort(error))))
  options.signal?.removeEventListener('abort', onAbort)
  if (doneCount < count) throw stop.signal.reason
}

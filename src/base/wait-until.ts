import { onAbort } from './abort-listeners.ts'
import type { Timer } from './runtime.ts'

/**
 * Resolves true once `condition` holds, asked again whenever the subscription calls; false when `signal` aborts first.
 * Leaves no subscription, no abort listener and no `hold` behind.
 *
 * `hold` makes a timer that keeps the process alive while a signal may still end the wait: the one of
 * AbortSignal.timeout() does not, and Node would end a process in the middle of its `await`.
 */
export function waitUntil(
  condition: () => boolean,
  subscribe: (listener: () => void) => () => void,
  signal?: AbortSignal,
  hold?: () => Timer,
): Promise<boolean> {
  if (condition()) return Promise.resolve(true)
  if (signal?.aborted) return Promise.resolve(false)
  return new Promise((resolve) => {
    const settle = (result: boolean): void => {
      unsubscribe()
      held?.cancel()
      resolve(result)
      unlisten?.()
    }
    // First: were it to throw, a subscription and a timer would stay of a wait that has ended.
    const unlisten = signal && onAbort(signal, () => settle(false))
    const held = signal === undefined ? undefined : hold?.()
    const unsubscribe = subscribe(() => {
      if (condition()) settle(true)
    })
  })
}

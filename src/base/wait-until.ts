/**
 * Resolves true once `condition` holds, asked again whenever the subscription calls; false when `signal` aborts first.
 * Leaves no subscription and no abort listener behind.
 */
export function waitUntil(
  condition: () => boolean,
  subscribe: (listener: () => void) => () => void,
  signal?: AbortSignal,
): Promise<boolean> {
  if (condition()) return Promise.resolve(true)
  if (signal?.aborted) return Promise.resolve(false)
  return new Promise((resolve) => {
    const settle = (result: boolean): void => {
      unsubscribe()
      signal?.removeEventListener('abort', onAbort)
      resolve(result)
    }
    const onAbort = (): void => settle(false)
    const unsubscribe = subscribe(() => {
      if (condition()) settle(true)
    })
    signal?.addEventListener('abort', onAbort)
  })
}

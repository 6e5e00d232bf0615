import { checkSignal } from '../base/check-options.ts'
import { nodeRuntime, type Timer } from '../base/runtime.ts'

/** Something that syncs; with `synced` it is waited for without asking again and again. */
export interface Syncable {
  hasSynced(): boolean
  readonly synced?: Promise<unknown>
}

/** How often functions are asked. */
const pollMs = 100

/**
 * Resolves true once all have synced, false if `signal` aborts first. Takes functions, which are asked every 100 ms, and
 * controllers, informers' registrations and the like themselves. What they throw is thrown.
 *
 * @example
 * if (!(await waitForCacheSync(signal, pods.controller, () => nodes.controller.hasSynced()))) return
 */
export function waitForCacheSync(
  signal: AbortSignal | undefined,
  ...hasSynced: readonly (Syncable | (() => boolean))[]
): Promise<boolean> {
  const waiting = new Set(hasSynced)
  return new Promise((resolve, reject) => {
    checkSignal('signal', signal)
    let timer: Timer | undefined
    let isOver = false
    const end = (settle: () => void): void => {
      isOver = true
      signal?.removeEventListener('abort', look)
      settle()
    }
    const look = (): void => {
      if (isOver) return
      timer?.cancel()
      try {
        for (const one of waiting) {
          if (typeof one === 'function' ? one() : one.hasSynced()) waiting.delete(one)
        }
      } catch (error) {
        end(() => reject(error))
        return
      }
      // Asked before the signal is: what is done counts, also when it is too late for more.
      if (waiting.size === 0 || signal?.aborted) end(() => resolve(waiting.size === 0))
      else timer = nodeRuntime.setTimer(pollMs, look, true)
    }
    signal?.addEventListener('abort', look)
    for (const one of hasSynced) if (typeof one !== 'function') one.synced?.then(look, () => {})
    look()
  })
}

import type { Runtime } from '../base/runtime.ts'
import { KubeInformerError } from '../errors.ts'
import type { KubeConfigText } from './kube-config-file.ts'

/** Between two looks at files that are being changed. */
export const restMs = 1_000
const looksMax = 10

/**
 * Files that differ from what was taken last, once two looks a second apart found the same: one that is written in
 * place is valid long before it is whole, without its user or with more rights. @throws ERR_KUBECONFIG when they never
 * rest, ERR_CLOSED
 */
export async function restingTexts(
  first: readonly KubeConfigText[],
  read: () => Promise<readonly KubeConfigText[]>,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<readonly KubeConfigText[]> {
  let before = first
  for (let looks = 1; looks < looksMax; looks++) {
    await rest(runtime, signal)
    const now = await read()
    if (isSame(now, before)) return now
    before = now
  }
  const names = first.map(({ path }) => path).join(', ')
  throw new KubeInformerError('ERR_KUBECONFIG', `the kubeconfig ${names} changes all the time`)
}

export function isSame(
  one: readonly KubeConfigText[],
  other: readonly KubeConfigText[] | undefined,
): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function rest(runtime: Runtime, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const closed = (): void =>
      reject(new KubeInformerError('ERR_CLOSED', 'closed while a kubeconfig was being changed'))
    // It may have come before this look, and comes once.
    if (signal.aborted) return closed()
    const abort = (): void => {
      timer.cancel()
      closed()
    }
    const timer = runtime.setTimer(restMs, () => {
      signal.removeEventListener('abort', abort)
      resolve()
    })
    signal.addEventListener('abort', abort, { once: true })
  })
}

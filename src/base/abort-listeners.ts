/** By signal: an EventTarget looks through all of its listeners at each that comes or goes, thousands would stop the thread. */
const listeners = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls `listener` when `signal` aborts, which it has not yet; until the returned function is called. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  let all = listeners.get(signal)
  if (all === undefined) {
    listeners.set(signal, (all = new Set()))
    signal.addEventListener('abort', tellAll)
  }
  const own = (): void => listener()
  all.add(own)
  return () => {
    if (!all.delete(own) || all.size > 0) return
    listeners.delete(signal)
    signal.removeEventListener('abort', tellAll)
  }
}

function tellAll(this: AbortSignal): void {
  for (const listener of listeners.get(this) ?? []) listener()
}

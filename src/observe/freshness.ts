import type { InformerState, Staleness } from '../informer-stats.ts'

const words: Readonly<Record<Staleness['reason'], string>> = {
  idle: 'not started',
  connecting: 'nothing was received yet, or its worker thread is being replaced',
  waiting: 'other initial lists come first',
  syncing: 'the initial list is not complete',
  relisting: 'a new list is under way; the cache is as it was before',
  stalled: 'this thread takes less than comes: the socket is not read',
  retrying: 'after a fault, waiting for the next attempt',
  forbidden: 'the credentials lack permission',
  absent: 'the server does not have the resource',
  stopped: 'stopped',
  silent: 'no byte has come for longer than silenceMs',
}

/** Since when what is cached is known to be current, or not. Pure but for what it is told. */
export class Freshness {
  /** Infinite for sources that may have nothing to say. */
  readonly #silenceMs: number
  #state: InformerState = 'idle'
  #staleSinceMs: number
  #watchingSinceMs = 0

  constructor(silenceMs: number, nowMs: number) {
    this.#silenceMs = silenceMs
    this.#staleSinceMs = nowMs
  }

  state(state: InformerState, nowMs: number): void {
    if (state === 'watching') this.#watchingSinceMs = nowMs
    else if (this.#state === 'watching') this.#staleSinceMs = nowMs
    this.#state = state
  }

  /** undefined: fresh. `hasSynced`: the cache has held a complete list, which comes after the worker has read it. */
  staleness(hasSynced: boolean, lastByteAtMs: number, nowMs: number): Staleness | undefined {
    const forMs = Math.max(0, nowMs - this.#staleSinceMs)
    if (this.#state !== 'watching') return stale(this.#state, forMs)
    if (!hasSynced) return stale('syncing', forMs)
    // Opening a watch is a sign of life, too: the first byte may be a bookmark, a minute later.
    const quietMs = nowMs - Math.max(lastByteAtMs, this.#watchingSinceMs)
    return quietMs > this.#silenceMs ? stale('silent', quietMs) : undefined
  }
}

function stale(reason: Staleness['reason'], forMs: number): Staleness {
  return { reason, message: words[reason], forMs }
}

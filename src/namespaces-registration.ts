import { cacheSyncError, type PendingSync } from './base/cache-sync-error.ts'
import { checkSignalOptions } from './base/check-options.ts'
import { KubeInformerError } from './errors.ts'
import { boundCallback } from './notify/callbacks.ts'
import type { ResourceEventHandlers } from './notify/handlers.ts'
import type { ListenerStats, Registration } from './notify/registration.ts'

/** The registrations of the same handlers in several namespaces, as one. */
export class NamespacesRegistration implements Registration {
  readonly #members: ReadonlyMap<string, Registration>

  constructor(members: ReadonlyMap<string, Registration>) {
    this.#members = members
  }

  hasSynced(): boolean {
    return [...this.#members.values()].every((registration) => registration.hasSynced())
  }

  waitForSync(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return waitForAll(this.#members, options)
  }

  /** Sums; of ages the oldest. */
  stats(): ListenerStats {
    return Array.from(this.#members.values(), (registration) => registration.stats()).reduce((sum, one) => ({
      depth: sum.depth + one.depth,
      bytes: sum.bytes + one.bytes,
      pinnedBytes: sum.pinnedBytes + one.pinnedBytes,
      oldestAgeMs: Math.max(sum.oldestAgeMs, one.oldestAgeMs),
      inProgress: sum.inProgress + one.inProgress,
      delivered: sum.delivered + one.delivered,
      merged: sum.merged + one.merged,
      dropped: sum.dropped + one.dropped,
      desyncs: sum.desyncs + one.desyncs,
      unchanged: sum.unchanged + one.unchanged,
      errors: sum.errors + one.errors,
      handlerMs: sum.handlerMs + one.handlerMs,
      abandoned: sum.abandoned + one.abandoned,
      hasSynced: sum.hasSynced && one.hasSynced,
      isDesynced: sum.isDesynced || one.isDesynced,
      initialPending: sum.initialPending + one.initialPending,
    }))
  }

  async remove(): Promise<void> {
    await Promise.all(Array.from(this.#members.values(), (registration) => registration.remove()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove()
  }
}

/**
 * The handlers for one of `count` informers, at each call. `onSynced` is called when the last one that was not is in sync,
 * after that `onDesynced` when the first one no longer is.
 */
export function syncedTogether<T>(
  handlers: ResourceEventHandlers<T> & { onDesynced?(): unknown },
  count: number,
): () => ResourceEventHandlers<T> {
  const { onAdd, onUpdate, onDelete, onChanges, onSynced, onDesynced } = handlers
  let unsynced = count
  // Until the first onSynced there is nothing to fall behind of.
  let isDesynced = true
  const member = (): ResourceEventHandlers<T> => {
    let isSynced = false
    const notices = {
      onSynced(): unknown {
        if (isSynced) return undefined
        isSynced = true
        if (--unsynced > 0) return undefined
        isDesynced = false
        return onSynced?.call(handlers)
      },
      onDesynced(): unknown {
        if (isSynced) unsynced++
        isSynced = false
        if (isDesynced) return undefined
        isDesynced = true
        return onDesynced?.call(handlers)
      },
    }
    if (onChanges !== undefined) return { onChanges: boundCallback(onChanges, handlers), ...notices }
    return {
      ...(onAdd && { onAdd: boundCallback(onAdd, handlers) }),
      ...(onUpdate && { onUpdate: boundCallback(onUpdate, handlers) }),
      ...(onDelete && { onDelete: boundCallback(onDelete, handlers) }),
      ...notices,
    }
  }
  return member
}

interface Waitable {
  waitForSync(options: { readonly signal?: AbortSignal }): Promise<void>
}

/** One error names every namespace that lacks. One that was closed never will sync: that is told at once. */
export async function waitForAll(
  members: ReadonlyMap<string, Waitable>,
  options: { readonly signal?: AbortSignal },
): Promise<void> {
  checkSignalOptions(options)
  const failures: KubeInformerError[] = []
  const pending: PendingSync[] = []
  await Promise.all(
    Array.from(members, async ([namespace, member]) => {
      try {
        await member.waitForSync(options)
      } catch (error) {
        if (!(error instanceof KubeInformerError) || error.code !== 'ERR_CACHE_SYNC') throw error
        failures.push(error)
        for (const one of error.facts.pending ?? []) {
          pending.push({ ...one, resource: `${one.resource} in ${namespace}` })
        }
      }
    }),
  )
  const [first] = failures
  if (first === undefined) return
  // Without one that is pending it is the handlers that have not finished.
  throw pending.length === 0 ? first : cacheSyncError(pending, options.signal, first.cause)
}

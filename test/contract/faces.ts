import type { Informer, ListenerOptions, ListenerStats, ObjectChange } from '../../src/index.ts'
import type { ConfigMap } from './contract-bed.ts'

export type FaceName = 'onChanges' | 'async onChanges' | 'changes()'
export const faceNames: readonly FaceName[] = ['onChanges', 'async onChanges', 'changes()']

type Take = (change: ObjectChange<ConfigMap>) => void | Promise<void>

/** One listener, whatever its face; what it is told goes to one function, change by change. */
export interface Face {
  /** Every object of the initial list was finished. */
  readonly isSynced: () => boolean
  /** Changes that came for an object while an earlier call for it ran. */
  readonly overlaps: readonly string[]
  readonly stats: () => ListenerStats
  readonly end: () => Promise<void>
  /** Settles when the loop is over; of handlers, at once. */
  readonly over: Promise<void>
}

export function follow(
  name: FaceName,
  informer: Informer<ConfigMap>,
  take: Take,
  options: ListenerOptions = {},
): Face {
  return name === 'changes()' ? loop(informer, take, options) : batches(name, informer, take, options)
}

function batches(name: FaceName, informer: Informer<ConfigMap>, take: Take, options: ListenerOptions): Face {
  const running = new Set<string>()
  const overlaps: string[] = []
  const handle = async (changes: readonly ObjectChange<ConfigMap>[]): Promise<void> => {
    const keys = new Set(changes.map(({ key }) => key))
    for (const key of keys) if (running.has(key)) overlaps.push(key)
    for (const key of keys) running.add(key)
    try {
      for (const change of changes) await take(change)
    } finally {
      for (const key of keys) running.delete(key)
    }
  }
  let isSynced = false
  const onSynced = (): void => {
    isSynced = true
  }
  const registration =
    name === 'async onChanges'
      ? informer.addEventHandler(
          { onChanges: handle, onSynced },
          { concurrency: 16, batchCountMax: 7, ...options },
        )
      : informer.addEventHandler(
          {
            onChanges(changes) {
              const waits = changes.map(take).filter((result) => result !== undefined)
              return waits.length === 0 ? undefined : Promise.all(waits)
            },
            onSynced,
          },
          options,
        )
  return {
    ...{ isSynced: () => isSynced, overlaps, over: Promise.resolve() },
    stats: () => registration.stats(),
    end: () => registration.remove(),
  }
}

function loop(informer: Informer<ConfigMap>, take: Take, options: ListenerOptions): Face {
  const changes = informer.changes(options)
  const before = informer.stats().listeners.length
  let isSynced = false
  const over = (async () => {
    for await (const change of changes) {
      if (change.type === 'synced') isSynced = true
      else if (change.type !== 'desynced') await take(change)
    }
  })()
  // Whoever waits for it hears of it; a test that expects no end does not.
  over.catch(() => {})
  let last = informer.stats().listeners[before]
  return {
    ...{ isSynced: () => isSynced, overlaps: [], over },
    stats: () => (last = informer.stats().listeners[before] ?? last) as ListenerStats,
    end: async () => void (await changes.return()),
  }
}

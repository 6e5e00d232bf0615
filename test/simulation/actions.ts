/** Few, so that things happen to the same object. */
export const keys: readonly string[] = ['ns-1/a', 'ns-1/b', 'ns-2/a', 'cluster-wide', 'ns-2/c', 'ns-1/ä']
/** Many, for batches and buffers of many keys. */
export const wideKeys: readonly string[] = Array.from({ length: 40 }, (_, i) => `ns-${i % 3}/k${i}`)

export type Action =
  | 'write'
  | 'read'
  | 'worker turn'
  | 'worker timer'
  | 'flush'
  | 'deliver'
  | 'main turn'
  | 'main timer'
  | 'credit'
  | 'settle'
  | 'listener comes'
  | 'listener goes'
  | 'crash'
  | 'crash in mid-batch'
  | 'restart'
  | 'relist'
  | 'compact'
  | 'restore'

/** How often each thing happens, and by how much a schedule may deviate: schedules without some fault find other bugs. */
export const weights: Readonly<
  Record<Action, { readonly weight: number; readonly spread: readonly number[] }>
> = {
  write: { weight: 30, spread: [0.5, 1, 1, 2] },
  read: { weight: 34, spread: [0.5, 1, 1, 2] },
  'worker turn': { weight: 12, spread: [0.5, 1, 3] },
  'worker timer': { weight: 6, spread: [1] },
  flush: { weight: 16, spread: [0.3, 1, 2] },
  deliver: { weight: 12, spread: [0.3, 1, 3] },
  'main turn': { weight: 16, spread: [0.5, 1, 3] },
  'main timer': { weight: 3, spread: [0.3, 1] },
  settle: { weight: 14, spread: [0, 0.3, 1, 3] },
  'listener comes': { weight: 1.5, spread: [0, 1, 2] },
  'listener goes': { weight: 0.7, spread: [0, 1, 2] },
  credit: { weight: 10, spread: [0.1, 1, 3] },
  crash: { weight: 2, spread: [0, 1, 1, 3] },
  'crash in mid-batch': { weight: 0.7, spread: [0, 0, 1, 2] },
  restart: { weight: 10, spread: [1] },
  relist: { weight: 1.5, spread: [0, 1, 2] },
  compact: { weight: 2, spread: [0, 1, 2] },
  restore: { weight: 1.5, spread: [0, 1, 1] },
}
export const actions: readonly Action[] = Object.keys(weights) as Action[]

import type { ListenerStats } from './registration.ts'

/** What all registrations of an informer did, those removed included; fields as in {@link ListenerStats}. */
export interface DeliveryTotals {
  readonly delivered: number
  readonly merged: number
  readonly unchanged: number
  readonly dropped: number
  readonly desyncs: number
  readonly errors: number
  readonly handlerMs: number
  readonly abandoned: number
}

type Sum = { -readonly [Field in keyof DeliveryTotals]: number }

export function noTotals(): Sum {
  return {
    ...{ delivered: 0, merged: 0, unchanged: 0, dropped: 0, desyncs: 0 },
    ...{ errors: 0, handlerMs: 0, abandoned: 0 },
  }
}

export function addTotals(sum: Sum, stats: ListenerStats): void {
  for (const field of Object.keys(sum) as (keyof DeliveryTotals)[]) sum[field] += stats[field]
}

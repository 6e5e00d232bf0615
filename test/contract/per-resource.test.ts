import { afterEach, beforeEach, expect, it } from 'vitest'
import { ContractBed, until } from './contract-bed.ts'

let bed: ContractBed

beforeEach(async () => {
  bed = await ContractBed.start(0)
})
afterEach(() => bed.end())

it('resync and fields are the resource’s own, or the factory’s; a listener’s resync is before both', async () => {
  bed.create('a', { text: 'x' })
  const factory = bed.factory({ resyncPeriodMs: 20, dropFields: ['data'] })
  const { configmaps } = factory.core.v1
  const own = configmaps.select({ resyncPeriodMs: 0, dropFields: [] })
  const resyncs = { factory: 0, undefined: 0, resource: 0, listener: 0 }
  const counting = (who: keyof typeof resyncs) => ({
    onUpdate: ({ cause }: { cause: string }) => {
      if (cause === 'resync') resyncs[who]++
    },
  })
  configmaps.informer.addEventHandler(counting('factory'))
  // As JavaScript gives it where a condition does not hold.
  configmaps.informer.addEventHandler(counting('undefined'), { resyncPeriodMs: undefined } as object)
  own.informer.addEventHandler(counting('resource'))
  own.informer.addEventHandler(counting('listener'), { resyncPeriodMs: 20 })
  factory.start()
  await until(
    () => resyncs.factory >= 3 && resyncs.undefined >= 3 && resyncs.listener >= 3,
    'resyncs have come',
  )
  expect(resyncs.resource).toBe(0)
  expect(configmaps.lister.get('default/a')?.data).toBeUndefined()
  expect(own.lister.get('default/a')?.data).toEqual({ text: 'x' })
})

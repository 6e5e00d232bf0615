import { expectTypeOf, test } from 'vitest'
import type { Informer } from '../../src/index.ts'

test('an informer shows what users need, and nothing that its own package needs', () => {
  // One way to a lister: the handle's.
  expectTypeOf<Extract<keyof Informer<unknown>, 'describe' | 'lister' | 'pending'>>().toEqualTypeOf<never>()
  expectTypeOf<keyof Informer<unknown>>().toExtend<string>()
})

import { expectTypeOf, test } from 'vitest'
import {
  DeltaFIFO,
  type Indexer,
  type KubernetesObject,
  newIndexer,
  newStore,
  type Store,
} from '../../src/index.ts'

test('stores and queues are of Kubernetes objects unless told otherwise', () => {
  expectTypeOf(newStore()).toEqualTypeOf<Store<KubernetesObject>>()
  expectTypeOf(newIndexer()).toEqualTypeOf<Indexer<KubernetesObject>>()
  expectTypeOf(new DeltaFIFO()).toEqualTypeOf<DeltaFIFO<KubernetesObject>>()
  expectTypeOf(newStore({ keyFunc: (text: string) => text })).toEqualTypeOf<Store<string>>()
  const knownObjects = newStore<{ readonly id: string }>()
  expectTypeOf(new DeltaFIFO({ knownObjects })).toEqualTypeOf<DeltaFIFO<{ readonly id: string }>>()
})

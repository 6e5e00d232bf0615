import { expect, it } from 'vitest'
import { Slicer } from '../../src/base/slicer.ts'
import { Indexer } from '../../src/indexer/indexer.ts'
import { Comparison } from '../../src/life/comparison.ts'
import { RecordSource } from '../support/record-source.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'

function cacheOf(...objects: readonly string[]) {
  const sink = { added() {}, updated() {}, deleted() {}, listCompleted() {} }
  const cache = new Indexer({ sink, columns: [], onIndexError: () => {} })
  const source = new RecordSource(cache)
  /** `name@version`, whose uid is the name, or `name@version uid`. */
  const textOf = (object: string) => {
    const [identity = '', uid] = object.split(' ')
    const [name = '', resourceVersion = ''] = identity.split('@')
    return {
      key: `a/${name}`,
      text: JSON.stringify({ metadata: { name, namespace: 'a', uid: uid ?? name, resourceVersion } }),
      version: Number(resourceVersion),
    }
  }
  const put = (object: string): void => {
    const { key, text } = textOf(object)
    source.put(key, text)
  }
  const remove = (object: string): void => {
    const { key, text, version } = textOf(object)
    source.delete(key, text, version)
  }
  for (const object of objects) put(object)
  return { cache, put, remove }
}

it('takes for repaired what is as listed or newer, and never what still is as it was', async () => {
  const runtime = new VirtualRuntime()
  const { cache, put, remove } = cacheOf('same@1', 'missed@2', 'ended@3', 'lost@11', 'remade@5 new')
  const { cache: listed } = cacheOf('same@1', 'missed@4', 'lost@7', 'remade@5 old')
  const comparison = new Comparison({
    cache,
    listed,
    version: '13',
    nowMs: () => runtime.nowMs(),
    isUnknown: () => false,
    canMissListed: false,
  })
  const done = comparison.run(new Slicer(runtime, 5))
  runtime.turn()
  await done
  // `lost`: the server was restored to before that version, and has gone on past it.
  expect(comparison).toMatchObject({ compared: 5, missing: 0, stale: 3, surplus: 1, count: 4 })
  expect(comparison.countRepaired()).toBe(0)
  // What a new list does: it drops what is not newer than what is cached.
  put('missed@4')
  put('lost@7')
  put('remade@5 old')
  remove('ended@13')
  expect(comparison.countRepaired()).toBe(2)
  put('lost@14')
  put('remade@15 newer')
  expect(comparison.countRepaired()).toBe(4)
})

import { expect, it } from 'vitest'
import { Indexer } from '../../src/indexer/indexer.ts'
import { Questions } from '../../src/life/questions.ts'
import { RecordSource } from '../support/record-source.ts'

function bed() {
  const sink = { added() {}, updated() {}, deleted() {}, listCompleted() {} }
  const cache = new Indexer({ sink, columns: [], onIndexError: () => {} })
  const source = new RecordSource(cache)
  const object = (resourceVersion: string, uid = 'u') => ({
    metadata: { name: 'web', namespace: 'a', uid, resourceVersion },
  })
  return {
    cache,
    questions: new Questions({ resource: 'things', cache, refusedOf: () => undefined }),
    object,
    put: (resourceVersion: string) => source.put('a/web', JSON.stringify(object(resourceVersion))),
    remove: (resourceVersion: string) =>
      source.delete('a/web', JSON.stringify(object(resourceVersion)), Number(resourceVersion)),
  }
}

it('versions without an order: the very text, or the end of the object', () => {
  const { questions, object, put, remove } = bed()
  put('old')
  const { ask } = questions.written(object('mine'))
  expect(ask(false)).toBeUndefined()
  put('mine')
  expect(ask(false)?.answer).toMatchObject({ metadata: { resourceVersion: 'mine' } })
  const next = questions.written(object('next'))
  expect(next.ask(false)).toBeUndefined()
  remove('gone')
  expect(next.ask(false)).toBeUndefined()
  expect(next.ask(true)).toEqual({ answer: undefined })
})

it('versions above 2^53 are compared as what they are', () => {
  const { cache, questions, object, put } = bed()
  put('9007199254740993')
  expect(questions.written(object('9007199254740994')).ask(false)).toBeUndefined()
  expect(questions.written(object('9007199254740993')).ask(false)?.answer).toBeDefined()
  expect(questions.written(object('9007199254740992', 'another')).ask(false)).toEqual({ answer: undefined })
  const wait = questions.resourceVersion('9007199254740993')
  cache.adoptSafeVersion('9007199254740992', 9007199254740992n)
  expect(wait.ask(false)).toBeUndefined()
  cache.adoptSafeVersion('9007199254740993', 9007199254740993n)
  expect(wait.ask(false)).toBeDefined()
})

it('an end that was seen, or everything up to the version without it, is an end', () => {
  const { cache, questions, object, put, remove } = bed()
  const { ask } = questions.written(object('20'))
  put('10')
  remove('15')
  expect(ask(true)).toBeUndefined()
  remove('25')
  expect(ask(false)).toEqual({ answer: undefined })
  const never = questions.written({ metadata: { ...object('30').metadata, name: 'other' } })
  expect(never.ask(false)).toBeUndefined()
  cache.adoptSafeVersion('30', 30)
  expect(never.ask(false)).toEqual({ answer: undefined })
})

import { expect, test } from 'vitest'
import { findIdentity } from '../../workers/framing/find-identity.ts'

const fill = '"'.concat('x'.repeat(200))
const none = { key: undefined, version: '', isDeleted: false }

test.each([
  ['of an item', '{"metadata":{"name":"a","namespace":"n","uid":"u","resourceVersion":"7"},"x":', 'n/a', '7'],
  [
    'of an event',
    '{"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"a","namespace":"n"},"x":',
    'n/a',
    '',
  ],
  ['with spaces', '{ "type" : "ADDED" , "object" : { "metadata" : { "name" : "a" } ,', 'a', ''],
  [
    'of a custom resource',
    '{"apiVersion":"g/v1","kind":"W","metadata":{"labels":{"name":"no","namespace":"no"},"name":"a","namespace":"n","resourceVersion":"7","uid":',
    'n/a',
    '7',
  ],
  [
    'cluster-scoped, cut behind the version',
    '{"metadata":{"name":"a","uid":"u","resourceVersion":"7","annotations":{"k":',
    'a',
    '7',
  ],
  [
    'cut behind the namespace',
    `{"metadata":{"name":"a","namespace":"n","annotations":{"k":${fill}`,
    'n/a',
    '',
  ],
  ['with escapes', '{"metadata":{"name":"\\u0061","namespace":"n"}', 'n/a', ''],
])('finds the key %s', (_what, text, key, version) => {
  expect(findIdentity(Buffer.from(text))).toEqual({ key, version, isDeleted: false })
})

test('finds out that an event is of the end', () => {
  const text =
    '{"type":"DELETED","object":{"metadata":{"name":"a","namespace":"n","resourceVersion":"7"},"x":'
  expect(findIdentity(Buffer.from(text))).toEqual({ key: 'n/a', version: '7', isDeleted: true })
  const other =
    '{"type":"ADDED","object":{"type":"DELETED","metadata":{"name":"a","resourceVersion":"7"},"x":'
  expect(findIdentity(Buffer.from(other))).toEqual({ key: 'a', version: '7', isDeleted: false })
  expect(
    findIdentity(Buffer.from('{"type":"DELETED","metadata":{"name":"a","resourceVersion":"7"}}')),
  ).toEqual({ key: 'a', version: '7', isDeleted: false })
})

test.each([
  ['cut before the namespace could come', `{"metadata":{"name":"a","annotations":{"k":${fill}`],
  ['cut in the name', '{"metadata":{"name":"abc'],
  ['cut in the namespace', '{"metadata":{"name":"a","namespace":"kube-sy'],
  ['without a name', '{"metadata":{"namespace":"n"}}'],
  ['with an empty name', '{"metadata":{"name":"","namespace":"n"}}'],
  ['without metadata', '{"spec":{"metadata":{"name":"a","namespace":"n"}}}'],
  ['with metadata in a text', '{"x":"{\\"metadata\\":{\\"name\\":\\"a\\"}}"'],
  ['that is no JSON', 'hello "metadata":{"name":"a"}'],
  ['that is empty', ''],
])('knows nothing of an object %s', (_what, text) => {
  expect(findIdentity(Buffer.from(text))).toEqual(none)
})

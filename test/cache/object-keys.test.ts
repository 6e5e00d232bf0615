import { expect, test } from 'vitest'
import {
  DeletedFinalStateUnknown,
  deletionHandlingMetaNamespaceKeyFunc,
  metaNamespaceIndexFunc,
  metaNamespaceKeyFunc,
  splitMetaNamespaceKey,
} from '../../src/index.ts'
import { thing } from './cache-support.ts'

test('a key is namespace/name, or the name alone', () => {
  expect(metaNamespaceKeyFunc(thing('n/a'))).toBe('n/a')
  expect(metaNamespaceKeyFunc(thing('a'))).toBe('a')
  expect(metaNamespaceKeyFunc({ metadata: { name: 'a', namespace: '' } })).toBe('a')
})

test.each([
  [undefined],
  ['text'],
  [{}],
  [{ metadata: null }],
  [{ metadata: { name: '' } }],
  [{ metadata: { name: 7 } }],
])('%j has no key', (object) => {
  expect(() => metaNamespaceKeyFunc(object)).toThrowError(
    expect.objectContaining({ code: 'ERR_OBJECT_IDENTITY' }),
  )
})

test('what deletes hand out has a key, with its last state or without', () => {
  expect(deletionHandlingMetaNamespaceKeyFunc(new DeletedFinalStateUnknown('n/a', undefined))).toBe('n/a')
  expect(deletionHandlingMetaNamespaceKeyFunc(new DeletedFinalStateUnknown('n/a', thing('n/b')))).toBe('n/a')
  expect(deletionHandlingMetaNamespaceKeyFunc(thing('n/a'))).toBe('n/a')
})

test('a key splits into its parts; one of more than two is refused', () => {
  expect(splitMetaNamespaceKey('n/a')).toEqual({ namespace: 'n', name: 'a' })
  expect(splitMetaNamespaceKey('a')).toEqual({ namespace: '', name: 'a' })
  expect(() => splitMetaNamespaceKey('n/a/b')).toThrowError(
    expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
  )
})

test('the namespace index puts cluster-scoped objects together', () => {
  expect([metaNamespaceIndexFunc(thing('n/a')), metaNamespaceIndexFunc(thing('a'))]).toEqual([['n'], ['']])
})

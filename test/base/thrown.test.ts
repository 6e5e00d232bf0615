import { expect, it } from 'vitest'
import { HandlerWarnings } from '../../src/base/handler-warnings.ts'
import { readThrown, stackOf } from '../../src/base/thrown.ts'
import { KubeInformerError } from '../../src/errors.ts'
import { toWireError } from '../../src/protocol/error-wire.ts'
import { sourceError } from '../../src/protocol/source-error.ts'

const fail = (): never => {
  throw new Error('as asked')
}

const odd: readonly [string, unknown][] = [
  ['no prototype', Object.create(null)],
  ['a toString that throws', { toString: fail }],
  ['a proxy', new Proxy(new Error('x'), { get: fail, has: fail, getPrototypeOf: fail })],
  ['a message that throws', Object.defineProperty(new Error('x'), 'message', { get: fail })],
  ['a stack that throws', Object.defineProperty(new Error('x'), 'stack', { get: fail })],
  ['a symbol', Symbol('x')],
  ['nothing', undefined],
]

it.each(odd)('whatever is thrown can be told: %s', (_what, thrown) => {
  expect(typeof readThrown(thrown).message).toBe('string')
  expect(['undefined', 'string']).toContain(typeof stackOf(thrown))
  expect(toWireError(thrown)).toMatchObject({ code: 'ERR_INTERNAL', message: expect.any(String) })
  const coded = new KubeInformerError('ERR_TRANSFORM', 'the transform threw', { cause: thrown })
  expect(toWireError(coded)).toMatchObject({ code: 'ERR_TRANSFORM', message: 'the transform threw' })
  expect(sourceError(thrown, 'list()').code).toBe('ERR_SOURCE_FAILED')
  const context = { resource: 'pods', key: 'a/b', handler: 'onAdd' }
  expect(() => new HandlerWarnings(() => 0).report(thrown, context, {})).not.toThrow()
})

it('an error keeps its name, its message and its causes', () => {
  const thrown = new TypeError('outer', { cause: new RangeError('inner', { cause: 'text' }) })
  const coded = new KubeInformerError('ERR_TRANSFORM', 'the transform threw', { cause: thrown })
  expect(toWireError(coded).causes).toEqual(['TypeError: outer', 'RangeError: inner', 'text'])
})

import { expect, test } from 'vitest'
import { createInformerFactory, type InformerFactoryOptions } from '../src/index.ts'
import { defaultTiming, timingOf } from '../src/reflector/timing.ts'

test.each([
  [{ threads: -1 }, 'threads', '-1'],
  [{ sliceMs: 1.5 }, 'sliceMs', '1.5'],
  [{ dropFields: ['spec'], keepFields: ['status'] }, 'keepFields', 'status'],
] satisfies [InformerFactoryOptions, string, string][])('%j is refused', (options, option, value) => {
  expect(() => createInformerFactory(options)).toThrow(
    expect.objectContaining({
      code: 'ERR_INVALID_OPTION',
      facts: { option },
      message: expect.stringContaining(value),
    }),
  )
})

test('an unknown option is named, its value is not: it may be a token given one level too high', () => {
  const options = { token: 'secret' } as InformerFactoryOptions
  expect(() => createInformerFactory(options)).toThrow(
    expect.objectContaining({ facts: { option: 'token' }, message: expect.not.stringContaining('secret') }),
  )
})

test.each([
  ['silenceMs', Number.NaN],
  ['backoffBaseMs', 0],
  ['pageSize', -1],
  ['watchListTotalMs', 2 ** 31],
  ['silence', 5],
])('timing.%s: %d is refused: as a timer it would be a storm of requests', (name, value) => {
  expect(() => createInformerFactory({ timing: { [name]: value } })).toThrow(
    expect.objectContaining({
      code: 'ERR_INVALID_OPTION',
      facts: expect.objectContaining({ option: `timing.${name}` }),
    }),
  )
})

test('a time that is undefined is the default', () => {
  expect(timingOf({ silenceMs: undefined } as object)).toEqual(defaultTiming)
})

import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { workerUrlOf } from '../../src/engine/worker-url.ts'

const refused = expect.objectContaining({ code: 'ERR_INVALID_OPTION', facts: { option: 'workerUrl' } })

test('from the sources it is the source; what the caller names comes first', () => {
  const url = workerUrlOf(undefined)
  expect(url.href).toMatch(/\/workers\/watch-worker\.ts$/)
  expect(existsSync(url)).toBe(true)
  expect(workerUrlOf(new URL(import.meta.url)).href).toBe(import.meta.url)
  expect(workerUrlOf(new URL('data:text/javascript,')).protocol).toBe('data:')
})

test('in a bundle, where nothing lies beside this file, it must be named: a watch would look for it for ever', () => {
  expect(() => workerUrlOf(undefined, 'file:///somewhere/out/main.js')).toThrow(refused)
  // As where a bundler wrote CommonJS, whose import.meta has no url.
  expect(() => workerUrlOf(undefined, '')).toThrow(refused)
})

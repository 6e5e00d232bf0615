import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type ErrorCode, errorCodes, KubeInformerError } from '../../src/errors.ts'
import { fromWireError, toWireError } from '../../src/protocol/error-wire.ts'
import { root, sourceFiles } from './source-tree.ts'

const codes = Object.keys(errorCodes) as ErrorCode[]

test('every code is documented, with its meaning', () => {
  const page = readFileSync(join(root, 'docs/errors.md'), 'utf8')
  const rows = new Map(
    [...page.matchAll(/^\| `(ERR_[A-Z_0-9]+)` +\| (.+?) +\| (yes|no) +\|$/gm)].map(
      (match) => [match[1] as string, { meaning: match[2], canRetry: match[3] === 'yes' }] as const,
    ),
  )
  for (const code of codes) expect({ code, ...rows.get(code) }).toEqual({ code, ...errorCodes[code] })
  expect([...rows.keys()].filter((code) => !codes.includes(code as ErrorCode))).toEqual([])
})

test('every code is thrown somewhere, and none but these', () => {
  const thrown = new Set<string>()
  for (const file of [...sourceFiles('src'), ...sourceFiles('workers')]) {
    if (file.path === 'src/errors.ts') continue
    for (const [code] of file.text.matchAll(/\bERR_[A-Z_0-9]+\b/g)) thrown.add(code)
  }
  const nodes = /^ERR_(MODULE_|WORKER_(?!DIED|START)|HTTP|STREAM_(?!ENDED)|TLS|SSL|INVALID_ARG)/
  expect(codes.filter((code) => !thrown.has(code))).toEqual([])
  expect([...thrown].filter((code) => !codes.includes(code as ErrorCode) && !nodes.test(code))).toEqual([])
})

test.each(codes)('%s survives the way between threads', (code) => {
  const error = new KubeInformerError(code, 'what', { cause: new Error('why'), facts: { status: 418 } })
  const revived = fromWireError(structuredClone(toWireError(error)))
  expect(revived).toBeInstanceOf(KubeInformerError)
  expect(revived).toMatchObject({
    name: 'KubeInformerError',
    code,
    message: 'what',
    facts: { status: 418 },
    canRetry: errorCodes[code].canRetry,
  })
  expect(String((revived.cause as Error).message)).toContain('why')
})

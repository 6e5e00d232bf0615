import { PassThrough, Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { LineWriter } from '../../src/cli/line-writer.ts'

test('many lines become one write', async () => {
  const stream = new PassThrough()
  const writer = new LineWriter(stream, () => {})
  for (let i = 0; i < 3; i++) writer.write(`line ${i}`)
  expect(stream.read()).toBeNull()
  await writer.end()
  expect(String(stream.read())).toBe('line 0\nline 1\nline 2\n')
})

test('a stream that is behind holds the caller back until it drains', async () => {
  const pending: (() => void)[] = []
  const stream = new Writable({
    highWaterMark: 10,
    write: (_chunk, _encoding, done) => {
      pending.push(done)
    },
  })
  const writer = new LineWriter(stream, () => {})
  writer.write('longer than ten')
  writer.flush()
  const held = writer.write('next')
  expect(held).toBeInstanceOf(Promise)
  let isFree = false
  const freed = held?.then(() => {
    isFree = true
  })
  expect(isFree).toBe(false)
  pending.shift()?.()
  await freed
  expect(isFree).toBe(true)
})

test('any other error of the stream is handed on', async () => {
  const stream = new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error('full'), { code: 'ENOSPC' })),
  })
  const errors: unknown[] = []
  const writer = new LineWriter(stream, (error) => errors.push(error?.code))
  writer.write('x')
  await writer.end()
  await new Promise((resolve) => setImmediate(resolve))
  expect(errors).toEqual(['ENOSPC'])
})

test('a reader that goes away is told once, frees whoever waits, and nothing is written any more', async () => {
  let closed = 0
  const stream = new Writable({
    highWaterMark: 1,
    write: (_chunk, _encoding, done) => done(Object.assign(new Error('EPIPE'), { code: 'EPIPE' })),
  })
  const writer = new LineWriter(stream, (error) => {
    expect(error).toBeUndefined()
    closed++
  })
  writer.write('x')
  await writer.end()
  await new Promise((resolve) => setImmediate(resolve))
  expect(closed).toBe(1)
  expect(writer.write('y')).toBeUndefined()
  await writer.end()
})

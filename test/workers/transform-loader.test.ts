import { expect, test } from 'vitest'
import { timingOf } from '../../src/reflector/timing.ts'
import { TransformLoader } from '../../workers/transform-loader.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'

test('a module that does not end its own loading is told as a fault, again and again, until it is stopped', () => {
  const runtime = new VirtualRuntime()
  const told: [string, number][] = []
  const loader = new TransformLoader({
    url: 'data:text/javascript,await new Promise(() => {}); export default (object) => object',
    runtime,
    timing: timingOf({ backoffBaseMs: 100 }),
    onLoaded: () => expect.unreachable(),
    onFailed: ({ code, message }, attempt) => {
      expect(message).toContain('not in 10000 ms')
      told.push([code, attempt])
    },
  })
  loader.start()
  runtime.advance(9_999)
  expect(told).toEqual([])
  runtime.advance(20_000)
  expect(told.slice(0, 2)).toEqual([
    ['ERR_TRANSFORM_LOAD', 1],
    ['ERR_TRANSFORM_LOAD', 2],
  ])
  loader.stop()
  const { length } = told
  runtime.advance(60_000)
  expect(told).toHaveLength(length)
})

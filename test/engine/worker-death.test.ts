import { expect, it } from 'vitest'
import { workerDied, workerSilent } from '../../src/engine/worker-death.ts'

it('says in one short line why a worker died', () => {
  const error = workerDied(new SyntaxError(`no export named 'x'\n    at somewhere`))
  expect(error.code).toBe('ERR_WORKER_DIED')
  expect(error.message).toBe("the worker of this watch died: no export named 'x'")
  expect(workerDied(new Error('x'.repeat(10_000))).message.length).toBeLessThan(300)
  expect(workerDied({ no: 'error' }).message).toContain("{ no: 'error' }")
})

it('a worker that does not answer after one that died: the death is the cause', () => {
  expect(workerSilent(10_000, undefined).message).toBe('no worker acknowledged the watch in 10 s')
  const death = workerDied(new Error('my worker is broken'))
  const error = workerSilent(10_000, death)
  expect(error.code).toBe('ERR_WORKER_START')
  expect(error.cause).toBe(death)
  expect(error.message).toBe(
    'no worker acknowledged the watch in 10 s; before, the worker of this watch died: my worker is broken',
  )
})

import { expect, it } from 'vitest'
import { createInformerFactory, type KubeInformerError } from '../../src/index.ts'
import { until } from '../support/until.ts'

const brokenUrl = new URL('./broken-worker.ts', import.meta.url)
/** Some other module with a default export. */
const foreignUrl = new URL('data:text/javascript,export default () => {}')

interface Failure {
  readonly atMs: number
  readonly attempt: number
  readonly error: KubeInformerError
}

it.concurrent.each([
  { threads: 0, workerUrl: brokenUrl, why: 'my worker is broken' },
  { threads: 1, workerUrl: brokenUrl, why: 'my worker is broken' },
  { threads: 0, workerUrl: foreignUrl, why: 'it ended though nobody had stopped it' },
])(
  'a worker module that is of no use is retried with growing pauses and tells why each time: threads $threads, $why',
  { timeout: 60_000 },
  async ({ threads, workerUrl, why }) => {
    const failures: Failure[] = []
    const factory = createInformerFactory({
      kubeConfig: { server: 'http://127.0.0.1:1' },
      threads,
      workerUrl,
    })
    const { informer } = factory.core.v1.pods
    informer.onWatchError(({ attempt, error }) => {
      failures.push({ atMs: performance.now(), attempt, error })
      // Retried without pause, nothing else of this thread would ever run, and this test not end.
      if (failures.length === 100) void factory.close()
    })
    try {
      factory.start()
      await until(() => failures.length >= 5, 'it is tried again', 30_000)
      const [, , , fourth, fifth] = failures
      expect(failures.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5])
      // Two deaths are free of a pause, and so is the first try on probation.
      expect((fifth?.atMs ?? 0) - (fourth?.atMs ?? 0)).toBeGreaterThan(1_900)
      for (const { error } of failures) {
        expect(error).toMatchObject({ code: 'ERR_WORKER_DIED', cause: { message: why } })
        expect(error.message).toContain(why)
      }
      expect(informer.health().error?.message).toContain(why)
    } finally {
      await factory.close()
    }
  },
)

import { expect, it } from 'vitest'
import { createInformerFactory, type KubeInformerError } from '../../src/index.ts'
import { until } from '../support/until.ts'

const workerUrl = new URL('./broken-worker.ts', import.meta.url)

interface Failure {
  readonly atMs: number
  readonly attempt: number
  readonly error: KubeInformerError
}

it.each([{ threads: 0 }, { threads: 1 }])(
  'a worker module that cannot be loaded is retried with growing pauses and tells why each time: threads $threads',
  { timeout: 60_000 },
  async ({ threads }) => {
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
        expect(error).toMatchObject({ code: 'ERR_WORKER_DIED', cause: { message: 'my worker is broken' } })
        expect(error.message).toContain('my worker is broken')
      }
      expect(informer.health().error?.message).toContain('my worker is broken')
    } finally {
      await factory.close()
    }
  },
)

import { afterEach, describe, expect, it } from 'vitest'
import { LocalRunner, PoolRunner, type WatchRunner, type WatchTask } from '../../src/engine/watch-runner.ts'

const brokenUrl = new URL('../threads/broken-worker.ts', import.meta.url)

describe('a worker module that cannot be loaded', () => {
  let runner: WatchRunner | undefined
  afterEach(() => runner?.close())

  async function death(): Promise<unknown> {
    const channel = new MessageChannel()
    try {
      // What it never reads may be anything.
      await runner?.run({ spec: {}, port: channel.port2 } as unknown as WatchTask)
    } catch (error) {
      return error
    } finally {
      channel.port1.close()
    }
    throw new Error('it ran')
  }

  it.each([
    { why: 'it throws', url: brokenUrl, message: /my worker is broken/ },
    {
      why: 'it cannot be linked, as on a Node that is too old',
      url: new URL("data:text/javascript,import { notThere } from 'node:tls'"),
      message: /notThere/,
    },
  ])('without threads each run is a death of its own, though Node keeps the error: $why', async (broken) => {
    runner = new LocalRunner(broken.url)
    const [first, second] = [await death(), await death()]
    expect(first).toMatchObject({ code: 'ERR_WORKER_DIED', message: expect.stringMatching(broken.message) })
    expect(second).toMatchObject({ message: expect.stringMatching(broken.message) })
    expect(second).not.toBe(first)
  })

  it.each([1, 2])(
    'of %d threads, every run hears why; none waits in a queue without threads',
    async (threads) => {
      runner = new PoolRunner({ threads, workerUrl: brokenUrl, heapMbMax: 64 })
      for (let i = 0; i < 4; i++) {
        const errors = await Promise.all([death(), death(), death()])
        for (const error of errors) expect(error).toMatchObject({ message: 'my worker is broken' })
      }
      expect(runner.queueSize).toBe(0)
    },
  )
})

import { expect, it } from 'vitest'
import { ElasticRunner, type WatchRunner, type WatchTask } from '../../src/engine/watch-runner.ts'

const task = {} as WatchTask

it('has threads only while a watch runs', async () => {
  const log: string[] = []
  const ends: { resolve: () => void; reject: (error: unknown) => void }[] = []
  let made = 0
  const runner = new ElasticRunner((): WatchRunner => {
    const name = `pool ${++made}`
    log.push(`${name} made`)
    return {
      queueSize: made,
      run: () => new Promise((resolve, reject) => ends.push({ resolve, reject })),
      unref: () => log.push(`${name} unref`),
      close: async () => void log.push(`${name} closed`),
    }
  })
  runner.unref()
  expect(runner.queueSize).toBe(0)
  const first = runner.run(task)
  const second = runner.run(task)
  runner.unref()
  expect(runner.queueSize).toBe(1)
  ends[0]?.resolve()
  await first
  expect(log).toEqual(['pool 1 made', 'pool 1 unref'])
  // The last one dies: its threads go all the same, and whoever comes meanwhile gets others.
  ends[1]?.reject(new Error('died'))
  await expect(second).rejects.toThrow('died')
  const third = runner.run(task)
  expect(log.slice(2)).toEqual(['pool 1 closed', 'pool 2 made'])
  ends[2]?.resolve()
  await third
  expect(log.slice(4)).toEqual(['pool 2 closed'])
})

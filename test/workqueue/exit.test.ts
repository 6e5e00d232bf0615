import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../guards/source-tree.ts'
import { startChild } from '../support/child-process.ts'

/** A process of its own, with Node's timers: it ends by itself or the test times out. */
async function run(way: string): Promise<{ code: number | null; output: unknown }> {
  const child = startChild(process.execPath, [join(root, 'test/workqueue/exit-program.ts'), way])
  const code = await child.exited
  return { code, output: JSON.parse(child.output()) }
}

const seen = ['a', 'fails', 'periodic', 'soon']

test.each(['shutDown', 'drain', 'abort'])('nothing keeps the process alive after %s', async (way) => {
  expect(await run(way)).toEqual({ code: 0, output: { seen, delayed: 0, processing: 0 } })
})

test('before it, an item that waits for its time does: nothing else would bring it', async () => {
  const output = { seen: [...seen, 'late'].sort(), delayed: 0, processing: 0 }
  expect(await run('retry')).toEqual({ code: 0, output })
})

import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startChild } from '../support/child-process.ts'
import { repositoryDir } from '../support/go-build.ts'

/** `ITERATION_OBJECTS=150000 npx vitest run test/threads/iteration.test.ts` is the full run. */
const objectCount = Number(process.env['ITERATION_OBJECTS'] ?? 10_000)
const growthBytesMax = 6_000_000

it(`a synchronous loop over ${objectCount} objects adds next to nothing to the heap`, {
  timeout: 600_000,
}, async () => {
  let text = ''
  const child = startChild(
    process.execPath,
    [
      '--expose-gc',
      '--max-semi-space-size=1',
      join(repositoryDir, 'test/threads/iterate.ts'),
      String(objectCount),
    ],
    { onStdout: (more) => void (text += more) },
  )
  expect(await child.exited, child.output()).toBe(0)
  const { objects, garbage, kept, whole } = JSON.parse(text)
  expect(objects).toBe(objectCount)
  // The bound means something only if remembering all would break it.
  expect(whole).toBeGreaterThan(3 * growthBytesMax)
  expect(garbage).toBeLessThan(growthBytesMax)
  expect(kept).toBeLessThan(growthBytesMax / 6)
})

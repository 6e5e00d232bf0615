import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Child, startChild } from '../support/child-process.ts'
import { repositoryDir } from '../support/go-build.ts'

/** The full run is `node test/soak/cycles.ts --cycles 1000`; a process of its own, so that what is left is the engine's. */
async function runCycles(...args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const script = join(repositoryDir, 'test/soak/cycles.ts')
  const child: Child = startChild(process.execPath, [script, ...args])
  const code = await child.exited
  return { code, output: child.output() }
}

describe('factories made, started and closed again and again', () => {
  it('leave no thread, socket, timer or memory: worker threads', { timeout: 180_000 }, async () => {
    const { code, output } = await runCycles('--cycles', '24', '--from', '8', '--look', '4', '--threads', '2')
    expect(output, output).toContain('"left":0')
    expect(code).toBe(0)
  })

  it('leave no socket, timer or memory: in the caller thread', { timeout: 180_000 }, async () => {
    const { code, output } = await runCycles(
      '--cycles',
      '60',
      '--from',
      '20',
      '--look',
      '5',
      '--threads',
      '0',
    )
    expect(output, output).toContain('"left":0')
    expect(code).toBe(0)
  })

  it('are caught when one is left open', { timeout: 180_000 }, async () => {
    const { code, output } = await runCycles('--cycles', '2', '--from', '1', '--threads', '1', '--leak')
    expect(output, output).toContain('1 worker threads')
    expect(output, output).toContain('connections at the server')
    expect(code).toBe(1)
  })
})

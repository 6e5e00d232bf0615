#!/usr/bin/env node
import { nodeVersionFault } from '../base/node-version.ts'

// The event loop ends by itself once everything is closed; what keeps it longer is a leak, and is said.
const leakNoticeMs = 3_000

const fault = nodeVersionFault(process.versions.node)
if (fault === undefined) void main()
else {
  process.stderr.write(`error: ${fault}\n`)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // The second one means: now.
      if (interrupt.signal.aborted) process.exit(130)
      interrupt.abort()
    })
  }
  // Not at the top: on a Node that is too old these cannot even be linked.
  const { run } = await import('./run.ts')
  const { terminalOf } = await import('./terminal.ts')
  const { stdout, stderr } = process
  const terminal = terminalOf(process)
  process.exitCode = await run(process.argv.slice(2), { stdout, stderr, terminal }, interrupt.signal)
  setTimeout(() => {
    const held = process.getActiveResourcesInfo().join(', ')
    process.stderr.write(`error: something is still open after the end (${held}); please report it\n`)
    process.exit(process.exitCode || 1)
  }, leakNoticeMs).unref()
}

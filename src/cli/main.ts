#!/usr/bin/env node
import { run } from './run.ts'
import { terminalOf } from './terminal.ts'

// The event loop ends by itself once everything is closed; what keeps it longer is a leak, and is said.
const leakNoticeMs = 3_000

const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second one means: now.
    if (interrupt.signal.aborted) process.exit(130)
    interrupt.abort()
  })
}

const { stdout, stderr } = process
run(process.argv.slice(2), { stdout, stderr, terminal: terminalOf(process) }, interrupt.signal).then(
  (exitCode) => {
    process.exitCode = exitCode
    setTimeout(() => {
      const held = process.getActiveResourcesInfo().join(', ')
      process.stderr.write(`error: something is still open after the end (${held}); please report it\n`)
      process.exit(exitCode || 1)
    }, leakNoticeMs).unref()
  },
)

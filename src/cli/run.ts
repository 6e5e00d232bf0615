import type { Writable } from 'node:stream'
import { runArguments } from './arguments.ts'
import { exitCodes, reportOf, UsageError } from './cli-error.ts'
import type { CommandIo } from './command-io.ts'
import { LineWriter } from './line-writer.ts'
import { serveCommand } from './serve-command.ts'
import type { Terminal } from './terminal.ts'
import { watchCommand } from './watch-command.ts'

/** The whole command line but the process: gives the exit code, never throws. */
export async function run(
  argv: readonly string[],
  streams: {
    readonly stdout: Writable
    readonly stderr: Writable
    /** That stdout is; a text says why it is none. */
    readonly terminal: Terminal | string
  },
  interrupt: AbortSignal,
): Promise<number> {
  const closed = new AbortController()
  let writeError: NodeJS.ErrnoException | undefined
  const io: CommandIo = {
    out: new LineWriter(streams.stdout, (error) => {
      writeError = error
      closed.abort()
    }),
    problems: new LineWriter(streams.stderr, () => {}),
    terminal: streams.terminal,
    interrupt: AbortSignal.any([interrupt, closed.signal]),
  }
  let exitCode = 0
  let server: string | undefined
  try {
    await runArguments(argv, {
      watch: async (options) => {
        server = options.server
        exitCode = await watchCommand(options, io)
      },
      serve: async (options) => {
        exitCode = await serveCommand(options, io)
      },
    })
  } catch (error) {
    const report = reportOf(error, { server })
    io.problems.write(`${error instanceof UsageError ? 'usage' : 'error'}: ${report.line}`)
    exitCode = report.exitCode || exitCodes.failure
  }
  await io.out.end()
  if (writeError !== undefined) {
    io.problems.write(`error: output cannot be written: ${writeError.code ?? writeError.message}`)
    exitCode = exitCodes.failure
  }
  await io.problems.end()
  return exitCode
}

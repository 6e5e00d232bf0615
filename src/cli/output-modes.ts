import { nodeRuntime } from '../base/runtime.ts'
import type { ResourceType } from '../resources/names.ts'
import type { OutputMode, WatchArguments } from './arguments.ts'
import { changesOutput } from './changes-output.ts'
import { UsageError } from './cli-error.ts'
import type { CommandIo } from './command-io.ts'
import { jsonlOutput, jsonOutput } from './jsonl-output.ts'
import type { Output } from './output.ts'
import type { Terminal } from './terminal.ts'
import { textOutput } from './text-output.ts'

/** What was asked for, or what fits; throws {@link UsageError} for a live view without a terminal. */
export function outputModeOf({ output }: WatchArguments, terminal: Terminal | string): OutputMode {
  if (output === 'live' && typeof terminal === 'string') {
    throw new UsageError(`--output live needs a terminal, but ${terminal}; --output text needs none`)
  }
  return output ?? (typeof terminal === 'string' ? 'text' : 'live')
}

export async function outputFor(
  options: WatchArguments,
  io: CommandIo,
  run: { readonly types: readonly ResourceType[]; readonly server: string; readonly startedAtMs: number },
): Promise<Output> {
  const mode = outputModeOf(options, io.terminal)
  switch (mode) {
    case 'live': {
      // Nobody else pays for loading it.
      const { LiveOutput } = await import('./live/live-output.ts')
      const terminal = io.terminal as Terminal
      return new LiveOutput({
        terminal,
        out: io.out,
        server: run.server,
        scope: scopeOf(options),
        clock: localClock,
        hasColor: terminal.hasColor && options.color,
        startedAtMs: run.startedAtMs,
        runtime: nodeRuntime,
      })
    }
    case 'text':
      return textOutput(io.out, io.problems, run.startedAtMs)
    case 'changes':
      return changesOutput(io.out, io.problems, run.types, nodeRuntime.nowMs)
    case 'jsonl':
      return jsonlOutput(io.out, io.problems)
    case 'json':
      return jsonOutput(io.out, io.problems)
  }
}

/** As typed on the command line. */
function scopeOf({ context, namespace, selector }: WatchArguments): string {
  const given = { '--context': context, '-n': namespace, '-l': selector }
  return Object.entries(given)
    .flatMap(([flag, value]) => (value === undefined ? [] : [`${flag} ${value}`]))
    .join(' ')
}

/** 17:03:59, where this machine is. */
function localClock(atMs: number): string {
  return new Date(atMs).toTimeString().slice(0, 8)
}

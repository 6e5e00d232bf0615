import { nodeRuntime } from '../base/runtime.ts'
import { type ResourceType, resourceLabel } from '../resources/names.ts'
import type { OutputMode } from './arguments.ts'
import { changesOutput } from './changes-output.ts'
import type { CommandIo } from './command-io.ts'
import { jsonlOutput, jsonOutput } from './jsonl-output.ts'
import type { Output } from './output.ts'
import { textOutput } from './text-output.ts'

export function outputFor(mode: OutputMode, io: CommandIo, type: ResourceType): Output {
  switch (mode) {
    case 'text':
      return textOutput(io.out, resourceLabel(type))
    case 'changes':
      return changesOutput(io.out, io.problems, type, nodeRuntime.nowMs)
    case 'jsonl':
      return jsonlOutput(io.out)
    case 'json':
      return jsonOutput(io.out, io.problems)
  }
}

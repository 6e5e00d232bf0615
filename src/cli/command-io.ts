import type { LineWriter } from './line-writer.ts'
import type { Terminal } from './terminal.ts'

/** What a command may touch of the process. */
export interface CommandIo {
  readonly out: LineWriter
  readonly problems: LineWriter
  /** A text: why there is none. */
  readonly terminal: Terminal | string
  /** Aborts at SIGINT, SIGTERM, or when nobody reads our output any more. */
  readonly interrupt: AbortSignal
}

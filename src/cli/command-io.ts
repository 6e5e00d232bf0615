import type { LineWriter } from './line-writer.ts'

/** What a command may touch of the process. */
export interface CommandIo {
  readonly out: LineWriter
  readonly problems: LineWriter
  /** Aborts at SIGINT, SIGTERM, or when nobody reads our output any more. */
  readonly interrupt: AbortSignal
}

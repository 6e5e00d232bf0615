import type { LineWriter } from './line-writer.ts'
import type { Change, Output } from './output.ts'

/** One JSON object per line for programs; the summary is the last one. */
export function jsonlOutput(out: LineWriter): Output {
  const print = (value: object) => out.write(JSON.stringify(value))
  return {
    needsEveryChange: true,
    change({ type, key, uid, resourceVersion, cause, finalStateUnknown }: Change) {
      return print({
        type,
        key,
        uid,
        resourceVersion,
        cause,
        ...(type === 'delete' && { finalStateUnknown }),
      })
    },
    state(state, error) {
      print({ type: 'state', state, ...(error !== undefined && { error }) })
      out.flush()
    },
    synced() {
      print({ type: 'synced' })
      out.flush()
    },
    sample() {},
    async end(summary) {
      print({ type: 'summary', ...summary })
      await out.end()
    },
  }
}

/** Nothing but the summary, as the last line. Trouble meanwhile goes to stderr. */
export function jsonOutput(out: LineWriter, problems: LineWriter): Output {
  return {
    needsEveryChange: false,
    change: () => undefined,
    state(state, error) {
      if (error !== undefined) problems.write(`${state}: ${error}`)
    },
    synced() {},
    sample() {},
    async end(summary) {
      out.write(JSON.stringify(summary))
      await Promise.all([out.end(), problems.end()])
    },
  }
}

import type { LineWriter } from './line-writer.ts'
import { type Change, type Output, silent } from './output.ts'

/** One JSON object per line for programs; the summary is the last one. Each names its resource. */
export function jsonlOutput(out: LineWriter, problems: LineWriter): Output {
  const print = (value: object) => out.write(JSON.stringify(value))
  return {
    ...silent,
    needsEveryChange: true,
    change({ resource, type, key, uid, resourceVersion, cause, finalStateUnknown }: Change) {
      return print({
        type,
        resource,
        key,
        uid,
        resourceVersion,
        cause,
        ...(type === 'delete' && { finalStateUnknown }),
      })
    },
    state(resource, state, error) {
      print({ type: 'state', resource, state, ...(error !== undefined && { error }) })
      out.flush()
    },
    synced(resource) {
      print({ type: 'synced', resource })
      out.flush()
    },
    notice: (text) => void problems.write(text),
    async end(summary) {
      print({ type: 'summary', ...summary })
      await Promise.all([out.end(), problems.end()])
    },
  }
}

/** Nothing but the summary, as the last line. Trouble meanwhile goes to stderr. */
export function jsonOutput(out: LineWriter, problems: LineWriter): Output {
  return {
    ...silent,
    state(resource, state, error) {
      if (error !== undefined) problems.write(`${resource} ${state}: ${error}`)
    },
    notice: (text) => void problems.write(text),
    async end(summary) {
      out.write(JSON.stringify(summary))
      await Promise.all([out.end(), problems.end()])
    },
  }
}

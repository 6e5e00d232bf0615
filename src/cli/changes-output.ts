import type { ResourceType } from '../resources/names.ts'
import { columnsOf } from './columns.ts'
import type { LineWriter } from './line-writer.ts'
import type { Change, Output } from './output.ts'
import { summaryText } from './summary.ts'

const verbs = { add: 'ADDED', update: 'MODIFIED', delete: 'DELETED' } as const

/** One line per change, as `kubectl get -w --output-watch-events` prints it; everything else goes to stderr. */
export function changesOutput(
  out: LineWriter,
  problems: LineWriter,
  type: ResourceType,
  nowMs: () => number,
): Output {
  const columns = columnsOf(type)
  // Widths only grow, and start wide enough for most names: lines that were printed cannot be moved.
  const scope = type.namespaced ? ['NAMESPACE'] : []
  const widths: number[] = [verbs.update.length, ...scope.map(() => 12), 32]
  const print = (cells: readonly string[]) => {
    let line = ''
    for (let i = 0; i < cells.length; i++) {
      const cell = printable(cells[i] as string)
      const width = Math.max(widths[i] ?? 0, cell.length)
      widths[i] = width
      line += i === cells.length - 1 ? cell : `${cell.padEnd(width)}   `
    }
    return out.write(line)
  }
  let hasHeader = false
  return {
    needsEveryChange: true,
    change(change: Change) {
      if (!hasHeader) {
        hasHeader = true
        print(['EVENT', ...scope, 'NAME', ...columns.map((column) => column.name)])
      }
      const object = change.object()
      const values = columns.map((column) => column.value(object, nowMs()))
      return print([verbs[change.type], ...scope.map(() => change.namespace ?? ''), change.name, ...values])
    },
    state(state, error) {
      if (error !== undefined) problems.write(`${state}: ${error}`)
    },
    synced() {},
    sample() {},
    async end(summary) {
      problems.write(summaryText(summary))
      await Promise.all([out.end(), problems.end()])
    },
  }
}

/** What an object says must not move the cursor or colour the terminal. */
function printable(text: string): string {
  let result = ''
  for (const character of text) {
    const code = character.codePointAt(0) as number
    result += code < 32 || (code >= 127 && code < 160) ? ' ' : character
  }
  return result
}

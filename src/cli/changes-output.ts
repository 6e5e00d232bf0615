import { type ResourceType, resourceLabel } from '../resources/names.ts'
import { columnsOf } from './columns.ts'
import type { LineWriter } from './line-writer.ts'
import { type Change, type Output, silent } from './output.ts'
import { printable } from './printable.ts'
import { summaryText } from './summary.ts'

const verbs = { add: 'ADDED', update: 'MODIFIED', delete: 'DELETED' } as const

/**
 * One line per change, as `kubectl get -w --output-watch-events` prints it; everything else goes to stderr. Several
 * resources: names are `pods/x`, as kubectl's, and each resource has a head of its own where it first comes.
 */
export function changesOutput(
  out: LineWriter,
  problems: LineWriter,
  types: readonly ResourceType[],
  nowMs: () => number,
): Output {
  const tables = new Map(types.map((type) => [resourceLabel(type), new ChangeTable(type, types.length > 1)]))
  return {
    ...silent,
    needsEveryChange: true,
    change(change) {
      const table = tables.get(change.resource) as ChangeTable
      if (!table.hasHead) out.write(table.head())
      return out.write(table.row(change, nowMs()))
    },
    state(resource, state, error) {
      if (error !== undefined) problems.write(`${resource} ${state}: ${error}`)
    },
    notice: (text) => void problems.write(text),
    async end(summary) {
      problems.write(summaryText(summary))
      await Promise.all([out.end(), problems.end()])
    },
  }
}

/** Lines of one resource. */
class ChangeTable {
  hasHead = false
  readonly #columns: ReturnType<typeof columnsOf>
  readonly #scope: readonly string[]
  readonly #prefix: string
  readonly #widths: number[]

  constructor(type: ResourceType, isOneOfSeveral: boolean) {
    this.#columns = columnsOf(type)
    this.#scope = type.namespaced ? ['NAMESPACE'] : []
    this.#prefix = isOneOfSeveral ? `${type.resource}${type.group === '' ? '' : `.${type.group}`}/` : ''
    // Widths only grow, and start wide enough for most names: lines that were printed cannot be moved.
    this.#widths = [verbs.update.length, ...this.#scope.map(() => 12), 32]
  }

  head(): string {
    this.hasHead = true
    return this.#line(['EVENT', ...this.#scope, 'NAME', ...this.#columns.map((column) => column.name)])
  }

  row(change: Change, nowMs: number): string {
    const object = change.object()
    const values = this.#columns.map((column) => column.value(object, nowMs))
    const scope = this.#scope.map(() => change.namespace ?? '')
    return this.#line([verbs[change.type], ...scope, `${this.#prefix}${change.name}`, ...values])
  }

  #line(cells: readonly string[]): string {
    let line = ''
    for (let i = 0; i < cells.length; i++) {
      const cell = printable(cells[i] as string)
      const width = Math.max(this.#widths[i] ?? 0, cell.length)
      this.#widths[i] = width
      line += i === cells.length - 1 ? cell : `${cell.padEnd(width)}   `
    }
    return line
  }
}

/** One line of the result: a measured figure beside its budget. */
export interface Figure {
  readonly id: string
  readonly title: string
  /** Undefined: reported, no budget. */
  readonly must?: number
  /** 'min': the figure must be at least `must`. */
  readonly bound?: 'max' | 'min'
  readonly measured: number
  readonly unit: string
  /** The figures behind a ratio, for the reader. */
  readonly detail: string
}

export function isWithin(figure: Figure): boolean {
  if (figure.must === undefined) return true
  if (!Number.isFinite(figure.measured)) return false
  return figure.bound === 'min' ? figure.measured >= figure.must : figure.measured <= figure.must
}

export function formatTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.title,
    figure.must === undefined
      ? ''
      : `${figure.bound === 'min' ? '≥' : '≤'} ${figure.must} ${figure.unit}`.trim(),
    `${round(figure.measured)} ${figure.unit}`.trim(),
    figure.must === undefined ? '' : isWithin(figure) ? 'ok' : 'OVER',
    figure.detail,
  ])
  const table = [['figure', 'must', 'measured', 'ok', 'detail'], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => (row[column] ?? '').length)))
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function round(value: number): string {
  if (!Number.isFinite(value)) return 'none'
  const size = Math.abs(value)
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(3)
}

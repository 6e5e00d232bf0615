const zero = '·'
const levels = ['▁', '▂', '▃', '▅', '▇'] as const

/** The newest `width` values, the newest at the right; nothing has a mark of its own, the largest that is shown the highest. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width)
  const max = Math.max(...shown, 0)
  const marks = shown.map((value) => {
    if (value <= 0) return zero
    return levels[Math.min(levels.length - 1, Math.floor((value / max) * (levels.length - 0.001)))]
  })
  return marks.join('').padStart(width)
}

/** `fraction` of a bar is full. */
export function bar(fraction: number, width: number): string {
  const inner = Math.max(0, width - 2)
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * inner)
  return `[${'█'.repeat(full)}${'░'.repeat(inner - full)}]`
}

const blockWidthMax = 4
const stepMs = 200

/** How much is left is not known: a block that wanders shows that something moves, and claims nothing. */
export function wanderingBar(atMs: number, width: number): string {
  const inner = Math.max(0, width - 2)
  const block = Math.min(blockWidthMax, inner)
  const room = inner - block
  // There and back again.
  const step = room === 0 ? 0 : Math.floor(atMs / stepMs) % (2 * room)
  const at = step <= room ? step : 2 * room - step
  return `[${'░'.repeat(at)}${'█'.repeat(block)}${'░'.repeat(room - at)}]`
}

import stringWidth from 'string-width'

const segments = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Terminal columns: wide characters take two, combining ones none. */
export function widthOf(text: string): number {
  return stringWidth(text)
}

/** The start of `text`, with `…` for what does not fit. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  return width < 1 ? '' : `${startOf(text, width - 1)}…`
}

/** Names differ at both ends: `a-long-na…f9c7-x2x4p`. */
export function cutMiddle(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  if (width < 5) return cut(text, width)
  const start = startOf(text, Math.ceil((width - 1) / 2))
  return `${start}…${endOf(text, width - 1 - widthOf(start))}`
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text
}

function startOf(text: string, width: number): string {
  return take(graphemes(text), width).join('')
}

function endOf(text: string, width: number): string {
  return take(graphemes(text).reverse(), width).reverse().join('')
}

/** Whole characters as a person sees them: half a wide one, or an accent alone, would shift all that follows. */
function take(parts: readonly string[], width: number): string[] {
  const taken: string[] = []
  let left = width
  for (const part of parts) {
    left -= widthOf(part)
    if (left < 0) break
    taken.push(part)
  }
  return taken
}

function graphemes(text: string): string[] {
  return Array.from(segments.segment(text), ({ segment }) => segment)
}

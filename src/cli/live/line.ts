import { styleText } from 'node:util'
import { cut, widthOf } from './text-width.ts'

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'inverse'

/** Between words that stand in one line. */
export const separator: string = ' · '

/** A part of a line that looks alike; a plain text has no style. */
export type Span = string | { readonly text: string; readonly style: Style }

/** One line of the screen, without its end. */
export type Line = readonly Span[]

export function textOf(line: Line): string {
  return line.map((span) => (typeof span === 'string' ? span : span.text)).join('')
}

/** A line that is too long would wrap, and everything drawn below it would be off by one. */
export function clip(line: Line, width: number): Line {
  if (widthOf(textOf(line)) <= width) return line
  const fitted: Span[] = []
  let left = width
  for (const span of line) {
    const text = typeof span === 'string' ? span : span.text
    const isLast = widthOf(text) > left
    const part = isLast ? cut(text, left) : text
    fitted.push(typeof span === 'string' ? part : { ...span, text: part })
    left -= widthOf(part)
    if (isLast) break
  }
  return fitted
}

/** Words one after another, as many to a line as fit. */
export function wrap(words: readonly Span[], separator: string, width: number): Line[] {
  const lines: Span[][] = []
  let left = 0
  for (const word of words) {
    const length = widthOf(typeof word === 'string' ? word : word.text)
    const line = lines.at(-1)
    if (line !== undefined && separator.length + length <= left) {
      line.push(separator, word)
      left -= separator.length + length
    } else {
      lines.push([word])
      left = width - length
    }
  }
  return lines
}

/** With the terminal's codes for colours, or without any. */
export function paint(line: Line, hasColor: boolean): string {
  if (!hasColor) return textOf(line).trimEnd()
  return line
    .map((span) =>
      typeof span === 'string' ? span : styleText(span.style, span.text, { validateStream: false }),
    )
    .join('')
}

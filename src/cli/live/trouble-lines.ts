import { printable } from '../printable.ts'
import { formatAge } from '../units.ts'
import { type Line, type Style, textOf, wrap } from './line.ts'
import type { ResourceFigures, Trouble } from './model.ts'
import { cut } from './text-width.ts'

const styles: Readonly<Record<Trouble['phase'], Style>> = { now: 'red', returning: 'yellow', over: 'dim' }

/** What is wrong in at most `linesMax` lines; of what is over, or nearly, one line tells enough. */
export function troubleLines(resource: ResourceFigures, linesMax: number, width: number): Line[] {
  const { trouble } = resource
  if (trouble === undefined) return []
  const style = styles[trouble.phase]
  const text = printable(troubleText(trouble, resource))
  if (trouble.phase === 'over') return [[{ text: cut(text, width), style }]]
  const mark = '! '
  if (trouble.phase === 'returning') return [[{ text: cut(mark + text, width), style }]]
  const lines = wrap(text.split(' '), ' ', width - mark.length - 2).map(textOf)
  const shown = lines.slice(0, Math.max(1, linesMax))
  if (shown.length < lines.length) shown.push(`${shown.pop()} …`)
  return shown.map((line, i) => [{ text: `${i === 0 ? mark : '  '}${line}`, style }])
}

function troubleText(
  { phase, text, advice, attempt, ageMs }: Trouble,
  { isListed }: ResourceFigures,
): string {
  const age = formatAge(ageMs)
  switch (phase) {
    case 'over':
      return `recovered ${age} ago; was: ${text}`
    case 'returning':
      return `down ${age}, coming back; was: ${text}`
    case 'now': {
      const tries = attempt === 0 ? '' : `, try ${attempt}`
      // What was once listed has an address and rights that were good: advice about them would mislead.
      const hint = advice === undefined || isListed ? '' : ` – ${advice}`
      return `down ${age}${tries}: ${text}${hint}`
    }
  }
}

import type { KubeInformerError } from '../errors.ts'
import type { ReflectorNote } from '../protocol/messages.ts'
import type { ReflectorState, Step } from './state.ts'

type Note = ReflectorNote<KubeInformerError>

/** What lists and watches a step ended and began, in this order. */
export function notesOf(before: ReflectorState, { state, effects }: Step): readonly Note[] {
  // Most steps are chunks of a watch, and do nothing at all.
  if (effects.length === 0) return []
  const notes: Note[] = []
  const counts = (counter: string): boolean =>
    effects.some((effect) => effect.type === 'count' && effect.counter === counter)
  const because = state.lastError === undefined ? {} : { error: state.lastError }
  // A permit is held exactly while a list is under way: its bracket begins with the first answer only.
  if (before.holdsPermit && !state.holdsPermit) {
    const isComplete = effects.some((effect) => effect.type === 'listEnd')
    notes.push({ type: 'list-end', isComplete, ...(!isComplete && because) })
  }
  const startsWatch = counts('watches')
  if (before.name === 'watch' && (state.name !== 'watch' || startsWatch)) {
    notes.push({ type: 'watch-end', ...because })
  }
  if (counts('lists')) {
    notes.push({
      type: 'list-start',
      mode: state.listMode,
      isRelist: before.hasSynced,
      isReset: state.reset,
      ...because,
    })
  }
  if (startsWatch) notes.push({ type: 'watch-start', resourceVersion: state.version ?? '' })
  return notes
}

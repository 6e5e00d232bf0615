import type { InformerState } from '../../informer-stats.ts'
import { formatCount } from '../units.ts'
import type { Figures, ResourceFigures } from './model.ts'

/** handling: the watch follows, the handler is not through the initial list. */
export type ShownState = InformerState | 'handling'

export function shownState({ state, progress }: ResourceFigures): ShownState {
  return state === 'watching' && progress?.kind === 'handling' ? 'handling' : state
}

/** The cache follows, and the handler has seen all of it. */
export function isInSync(resource: ResourceFigures): boolean {
  return resource.state === 'watching' && resource.hasSynced
}

/** How all of them are, in one look: `all synced`, `2 of 3 synced, 1 retrying`. */
export function verdict(resources: readonly ResourceFigures[]): string {
  const others = resources.filter((each) => !isInSync(each))
  if (others.length === 0) return `all ${formatCount(resources.length)} synced`
  const counts = new Map<ShownState, number>()
  for (const each of others) {
    const state = shownState(each)
    counts.set(state, (counts.get(state) ?? 0) + 1)
  }
  const synced = `${resources.length - others.length} of ${resources.length} synced`
  return [synced, ...Array.from(counts, ([state, count]) => `${count} ${state}`)].join(', ')
}

/** Nothing is watched any more: what is shown is the last that was known. */
export function stopped(figures: Figures): Figures {
  return { ...figures, resources: figures.resources.map((each) => ({ ...each, state: 'stopped' })) }
}

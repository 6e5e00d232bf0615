import type { Inputs } from '../../src/reflector/requests.ts'
import type { Effect, Step } from '../../src/reflector/state.ts'
import { defaultTiming } from '../../src/reflector/timing.ts'

export const inputs = (nowMs = 1_000_000, random = 0): Inputs => ({ nowMs, random, timing: defaultTiming })

/** One line of what a step does: the new state, then the effects in their order. */
export function describeStep({ state, effects }: Step): string {
  return [state.name, ...effects.map(describeEffect)].join(', ')
}

export function describeEffect(effect: Effect): string {
  switch (effect.type) {
    case 'open': {
      const { resourceVersion, limit, sendInitialEvents, timeoutSeconds, ...rest } = effect.query
      const from = rest['continue'] ?? resourceVersion
      return [
        `open ${effect.request}`,
        limit === undefined ? '' : `limit=${limit}`,
        from === '' || from === undefined ? '' : `from ${from}`,
      ]
        .filter((part) => part !== '')
        .join(' ')
    }
    case 'state':
      return `tell ${effect.state}${effect.error === undefined ? '' : ` ${effect.error.code}`}${effect.attempt > 0 ? ` #${effect.attempt}` : ''}`
    case 'timer':
      return `timer ${effect.ms}`
    case 'listStart':
      return effect.reset ? 'listStart reset' : 'listStart'
    case 'listEnd':
    case 'watchStart':
    case 'bookmark':
      return `${effect.type} ${effect.version}`
    case 'count':
      return `count ${effect.counter}`
    default:
      return effect.type
  }
}

import type { Deltas } from '../../src/cache/deltas.ts'
import { DeletedFinalStateUnknown } from '../../src/index.ts'

export interface Thing {
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid: string
    readonly resourceVersion: string
  }
  readonly note?: string
}

/** `name` or `namespace/name`. */
export function thing(key: string, version: number | string = 1, note?: string): Thing {
  const [first = '', second] = key.split('/')
  const name = second === undefined ? { name: first } : { namespace: first, name: second }
  return {
    metadata: { ...name, uid: `u-${key}`, resourceVersion: String(version) },
    ...(note !== undefined && { note }),
  }
}

/** `name@version`; `name?version` for a final state that is not known. */
export function show(object: Thing | DeletedFinalStateUnknown<Thing>): string {
  if (object instanceof DeletedFinalStateUnknown) {
    return `${object.key}?${object.object?.metadata.resourceVersion ?? ''}`
  }
  return `${object.metadata.name}@${object.metadata.resourceVersion}`
}

export function showDeltas(deltas: Deltas<Thing>): string {
  return Array.from(deltas, ({ type, object }) => `${type} ${show(object)}`).join(', ')
}

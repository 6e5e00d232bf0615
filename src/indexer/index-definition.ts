import { checkObject } from '../base/check-options.ts'
import { isThenable } from '../base/thenable.ts'
import { invalidOption, KubeInformerError, wrongType } from '../errors.ts'
import { type FieldStep, parseFieldPath } from '../protocol/field-path.ts'
import { keyFault } from '../selectors/selector-syntax.ts'

/** Values of one object for an index; none (also as null), one or many. Anything else is that object's error. */
export type IndexFunc<T = unknown> = (object: T) => readonly string[] | string | null | undefined

/** The values of one label: `{ label: 'app' }`. Lists with a label selector use it, too. */
export interface LabelIndex {
  readonly label: string
}

/**
 * A path whose values the worker extracts (`'spec.nodeName'`, `'metadata.ownerReferences[*].uid'`), a label, or a
 * function. Of a path strings count, and numbers and booleans as text.
 */
export type IndexDefinition<T = unknown> = string | LabelIndex | IndexFunc<T>

/** Name → definition. Names are the caller's; `'namespace'` always exists. */
export type Indexers<T = unknown> = Readonly<Record<string, IndexDefinition<T>>>

export const namespaceIndex = 'namespace'

/** @throws ERR_INVALID_OPTION for what is no definition, ERR_INDEX_CONFLICT for the name `'namespace'` */
export function checkIndexers(indexers: Indexers): void {
  checkObject('indexers', indexers, "must be an object such as { byNode: 'spec.nodeName' }")
  for (const [name, definition] of Object.entries(indexers)) {
    if (name === namespaceIndex) throw conflict(name, 'always exists')
    checkDefinition(name, definition)
  }
}

/** @throws ERR_INVALID_OPTION */
export function checkDefinition(name: string, definition: unknown): void {
  if (typeof definition === 'string') parseFieldPath(definition)
  else if (typeof definition !== 'function' && !isLabel(definition)) {
    throw invalidOption(name, definition, "an index is a path, { label: 'key' } or a function")
  }
}

function isLabel(definition: unknown): boolean {
  if (typeof definition !== 'object' || definition === null) return false
  const { label, ...others } = definition as { readonly label?: unknown }
  return typeof label === 'string' && keyFault(label) === undefined && Object.keys(others).length === 0
}

/** Functions are compared by identity: two that are written alike may see different variables. */
export function sameDefinition(a: IndexDefinition<never>, b: IndexDefinition<never>): boolean {
  return a === b || (typeof a === 'object' && typeof b === 'object' && a.label === b.label)
}

export function conflict(name: string, why = 'exists with another definition'): KubeInformerError {
  return new KubeInformerError('ERR_INDEX_CONFLICT', `index "${name}" ${why}`, { facts: { option: name } })
}

/** What the object stands under: the same from the object as from its record. */
export function valuesFunction<T>(
  name: string,
  definition: IndexDefinition<T>,
): (object: T) => readonly string[] {
  if (typeof definition === 'string') {
    const steps = parseFieldPath(definition)
    return (object) =>
      leavesAt(object, steps)
        .filter((value) => ['string', 'number', 'boolean'].includes(typeof value))
        .map(String)
  }
  if (typeof definition === 'function') return (object) => indexValues(name, definition(object))
  const steps = ['metadata', 'labels', definition.label]
  return (object) => leavesAt(object, steps).filter((value) => typeof value === 'string')
}

/**
 * What an index function gave, as a copy: an array that it keeps and changes would leave keys behind.
 *
 * @throws ERR_INVALID_OPTION for a promise, whose rejection would otherwise end the process; for what is no string,
 * under which nobody would find anything: reads ask for strings
 */
function indexValues(name: string, result: unknown): readonly string[] {
  if (result === undefined || result === null) return []
  if (typeof result === 'string') return [result]
  const option = `indexers.${name}`
  if (isThenable(result)) {
    result.then(undefined, () => {})
    throw wrongType(option, result, 'must give its values at once, not a promise of them')
  }
  const allowed = 'must give a string, an array of strings, or undefined'
  if (!Array.isArray(result) && !(result instanceof Set)) throw wrongType(option, result, allowed)
  const values: readonly unknown[] = [...result]
  return values.map((value) => {
    if (typeof value !== 'string') throw wrongType(`${option}[]`, value, allowed)
    return value
  })
}

function leavesAt(object: unknown, steps: readonly FieldStep[]): readonly unknown[] {
  let found: readonly unknown[] = [object]
  for (const step of steps) {
    found = found.flatMap((value) => {
      if (step === null) return Array.isArray(value) ? value : []
      // An array has elements, and no members such as its length.
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
      return Object.hasOwn(value, step) ? [(value as Record<string, unknown>)[step]] : []
    })
  }
  return found
}

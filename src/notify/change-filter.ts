import { isDeepStrictEqual } from 'node:util'
import { invalidOption, KubeInformerError, wrongType } from '../errors.ts'
import { type Column, type HashColumn, hashColumnOf } from '../protocol/column.ts'
import { parseFieldPath } from '../protocol/field-path.ts'
import { planFields } from '../protocol/field-plan.ts'
import type { FieldSelection } from '../protocol/messages.ts'
import { sameHash } from '../protocol/record-header.ts'
import type { VersionCell } from '../protocol/record-store.ts'

/**
 * Tells the updates in which nothing changed that a listener looks at. In doubt an update is a change: hashes made under
 * another key (by a successor of the watch's thread) are different, as are two texts of equal objects.
 */
export class ChangeFilter<E> {
  readonly #paths: readonly string[]
  readonly #columns: readonly Column[]
  readonly #read: (cell: VersionCell<E>) => unknown
  #hashes: readonly number[] | undefined
  #unhashed: readonly (readonly string[])[] = []

  /**
   * `columns` may grow until the first update comes. What is no hash column by then is compared by unpacking both
   * states, one update after another: as dear as a handler that reads both objects.
   */
  constructor(paths: readonly string[], columns: readonly Column[], read: (cell: VersionCell<E>) => unknown) {
    this.#paths = paths
    this.#columns = columns
    this.#read = read
  }

  isUnchanged(old: VersionCell<E>, cell: VersionCell<E>): boolean {
    this.#hashes ??= this.#resolve()
    const before = old.slab.bytes
    const after = cell.slab.bytes
    for (const column of this.#hashes) {
      if (!sameHash(before, old.offset, after, cell.offset, column)) return false
    }
    return this.#unhashed.length === 0 || this.#isSameObject(old, cell)
  }

  #isSameObject(old: VersionCell<E>, cell: VersionCell<E>): boolean {
    const before = this.#read(old)
    const after = this.#read(cell)
    return this.#unhashed.every((steps) => isDeepStrictEqual(valueAt(before, steps), valueAt(after, steps)))
  }

  #resolve(): number[] {
    const columns = this.#paths.map((path) => hashColumnOf(this.#columns, path))
    this.#unhashed = this.#paths.filter((_, i) => columns[i] === -1).map(memberSteps)
    return columns.filter((column) => column >= 0)
  }
}

/** Each once, in one spelling: a place has one hash column. @throws ERR_INVALID_OPTION for what is no list of paths */
export function checkWhen(when: unknown): readonly string[] | undefined {
  if (when === undefined) return undefined
  const allowed = "must be an array of paths such as ['spec', 'metadata.labels']"
  if (!Array.isArray(when) || when.some((path) => typeof path !== 'string')) {
    throw wrongType('when', when, allowed)
  }
  // It would keep back every update, which leaving out onUpdate says better.
  if (when.length === 0) throw invalidOption('when', when, allowed)
  return [...new Set((when as readonly string[]).map((path) => memberSteps(path).map(stepText).join('')))]
}

/**
 * The hash columns that are to be there for `when` and are not yet.
 *
 * @throws ERR_INVALID_OPTION also for what is not cached: its changes could not be told when the watch runs already
 */
export function lackingHashes(
  when: readonly string[] | undefined,
  fields: FieldSelection,
  columns: readonly Column[],
): readonly HashColumn[] {
  const paths = checkWhen(when)
  if (paths === undefined) return []
  for (const path of paths) checkCached(path, fields)
  const lacking = paths.filter((path) => hashColumnOf(columns, path) < 0).map((hash) => ({ hash }))
  planFields(fields, [...columns, ...lacking])
  return lacking
}

function checkCached(path: string, fields: FieldSelection): void {
  try {
    planFields(fields, [{ hash: path }])
  } catch (error) {
    if (!(error instanceof KubeInformerError)) throw error
    throw invalidOption('when', path, 'must be cached, and dropFields or keepFields leave it out')
  }
}

function memberSteps(path: string): readonly string[] {
  const allowed = "must be the path of one subtree, such as 'spec' or 'metadata.labels'"
  let steps: readonly (string | null)[]
  try {
    steps = parseFieldPath(path)
  } catch {
    throw invalidOption('when', path, allowed)
  }
  return steps.map((step) => {
    if (step === null) throw invalidOption('when', path, `${allowed}; of elements name their array`)
    return step
  })
}

function stepText(step: string, i: number): string {
  if (/^[^.[\]'"/\s]+$/.test(step)) return i === 0 ? step : `.${step}`
  return step.includes("'") ? `["${step}"]` : `['${step}']`
}

/** undefined: the path leads nowhere. An array has elements, and no members such as its length. */
function valueAt(object: unknown, steps: readonly string[]): unknown {
  let value = object
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    value = Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : undefined
  }
  return value
}

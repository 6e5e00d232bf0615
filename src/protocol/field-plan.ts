import { KubeInformerError } from '../errors.ts'
import { type Column, isHash } from './column.ts'
import { type FieldStep, parseFieldPath } from './field-path.ts'
import type { FieldSelection } from './messages.ts'

/** What the transcoder must know of a place besides its bytes. */
export const role: {
  readonly none: 0
  readonly apiVersion: 1
  readonly kind: 2
  readonly metadata: 3
  readonly name: 4
  readonly namespace: 5
  readonly uid: 6
  readonly version: 7
  readonly labels: 8
} = { none: 0, apiVersion: 1, kind: 2, metadata: 3, name: 4, namespace: 5, uid: 6, version: 7, labels: 8 }

/**
 * Places in an object that are special: dropped, identity, or a column. Every place not named by a plan is plain.
 *
 * Drops and keeps act on the members of objects and, through `[*]`, on those of arrays' elements; a value of another
 * kind than the path expects stays whole.
 */
export class FieldPlan {
  readonly key: string
  readonly keyBytes: Buffer
  role = 0
  /** Index of the column, -1: none. */
  column = -1
  /** The same, of the column that is a hash of what is here. */
  hash = -1
  drop = false
  /** Members that have no plan of their own are dropped. */
  dropOthers = false
  readonly members: Map<string, FieldPlan> = new Map()
  /** Every element of an array. */
  elements: FieldPlan | undefined
  /** The last map in which this key was seen: finds a key that occurs twice. */
  lastMap = 0

  constructor(key: string) {
    this.key = key
    this.keyBytes = Buffer.from(key)
  }

  member(key: string): FieldPlan {
    let plan = this.members.get(key)
    if (plan === undefined) this.members.set(key, (plan = new FieldPlan(key)))
    return plan
  }

  step(step: FieldStep): FieldPlan {
    if (step !== null) return this.member(step)
    this.elements ??= new FieldPlan('')
    return this.elements
  }

  /** The member whose key stands, without escapes, between `start` and `end`. */
  findMember(bytes: Buffer, start: number, end: number): FieldPlan | undefined {
    for (const member of this.members.values()) {
      const key = member.keyBytes
      if (key.length === end - start && bytes.compare(key, 0, key.length, start, end) === 0) return member
    }
    return undefined
  }

  /** What a member without a plan is subject to. */
  get others(): FieldPlan | undefined {
    return this.dropOthers ? droppedPlan : undefined
  }

  /** Whether members of an object here are special. */
  get choosesMembers(): boolean {
    return this.dropOthers || this.members.size > 0
  }

  /** Whether the value here is identity or a column. */
  get isNoted(): boolean {
    return this.role !== 0 || this.column >= 0 || this.hash >= 0
  }

  /** Whether nothing at or below this place is special. */
  get isPlain(): boolean {
    return (
      !this.isNoted &&
      !this.drop &&
      !this.dropOthers &&
      this.members.size === 0 &&
      this.elements === undefined
    )
  }
}

const droppedPlan: FieldPlan = new FieldPlan('')
droppedPlan.drop = true

/** Identity, type and labels: whatever a selection says, these stay. */
const always: readonly (readonly [path: string, role: number])[] = [
  ['apiVersion', role.apiVersion],
  ['kind', role.kind],
  ['metadata', role.metadata],
  ['metadata.name', role.name],
  ['metadata.namespace', role.namespace],
  ['metadata.uid', role.uid],
  ['metadata.resourceVersion', role.version],
  ['metadata.labels', role.labels],
]

/** A record's header counts its columns in one byte. */
const columnCountMax = 255

/**
 * Throws ERR_INVALID_OPTION for paths that do not parse, contradict each other, or repeat a column. Main calls it
 * before a watch starts: what only the worker refused would look like a server that is down, and be retried for ever.
 */
export function planFields(fields: FieldSelection, columns: readonly Column[]): FieldPlan {
  if (columns.length > columnCountMax) {
    throw new KubeInformerError('ERR_INVALID_OPTION', `more than ${columnCountMax} columns`)
  }
  const root = new FieldPlan('')
  const { drop, keep } = fields
  if (drop !== undefined && keep !== undefined) {
    throw new KubeInformerError('ERR_INVALID_OPTION', 'fields to drop and fields to keep exclude each other')
  }
  for (const path of drop ?? []) dropPath(root, path)
  if (keep !== undefined) keepPaths(root, [...keep, ...always.map(([path]) => path).filter(isNotMetadata)])
  for (const [path, value] of always) planAlways(root, parseFieldPath(path), value)
  if (fields.metadataOnly === true) keepMetadata(root)
  for (const [index, column] of columns.entries()) planColumn(root, column, index)
  return root
}

const isNotMetadata = (path: string): boolean => path !== 'metadata'

function dropPath(root: FieldPlan, path: string): void {
  const steps = parseFieldPath(path)
  if (steps.at(-1) === null) {
    throw new KubeInformerError('ERR_INVALID_OPTION', `elements cannot be dropped, only fields: '${path}'`, {
      facts: { option: path },
    })
  }
  let plan = root
  for (const step of steps) plan = plan.step(step)
  plan.drop = true
}

function keepPaths(root: FieldPlan, paths: readonly string[]): void {
  const whole = new Set<FieldPlan>()
  const partial = new Set<FieldPlan>([root])
  for (const path of paths) {
    let plan = root
    for (const step of parseFieldPath(path)) {
      partial.add(plan)
      plan = plan.step(step)
    }
    whole.add(plan)
  }
  keepOnly(root, whole, partial)
}

function keepOnly(plan: FieldPlan, whole: ReadonlySet<FieldPlan>, partial: ReadonlySet<FieldPlan>): void {
  // `spec` and `spec.nodeName` both kept: the wider one decides.
  if (whole.has(plan)) {
    plan.members.clear()
    plan.elements = undefined
    return
  }
  // A place kept only through its elements has no members to choose among.
  plan.dropOthers = partial.has(plan) && plan.members.size > 0
  for (const member of plan.members.values()) keepOnly(member, whole, partial)
  if (plan.elements !== undefined) keepOnly(plan.elements, whole, partial)
}

/** A dropped ancestor of an identity field becomes one that keeps nothing else. */
function planAlways(root: FieldPlan, steps: readonly FieldStep[], value: number): void {
  let plan = root
  for (const step of steps) {
    const dropsOthers = plan.drop
    plan.drop = false
    if (dropsOthers) plan.dropOthers = true
    plan = plan.step(step)
  }
  if (steps.length > 1 || value < role.metadata) plan.drop = false
  plan.role = value
  // Labels are whole or the selectors that read their bytes would answer for another object.
  if (value === role.labels) undrop(plan)
}

/** A server that knows no metadata alone sends everything. */
function keepMetadata(root: FieldPlan): void {
  root.dropOthers = true
  for (const member of root.members.values()) if (member.role === 0) member.drop = true
}

function undrop(plan: FieldPlan): void {
  plan.drop = false
  plan.dropOthers = false
  for (const member of plan.members.values()) undrop(member)
  if (plan.elements !== undefined) undrop(plan.elements)
}

function planColumn(root: FieldPlan, column: Column, index: number): void {
  const path = isHash(column) ? column.hash : column
  let plan = root
  for (const step of parseFieldPath(path)) {
    // Values of several places have no one hash.
    if (step === null && isHash(column)) throw columnError(path, 'is not one place')
    if (plan.dropOthers && step !== null && !plan.members.has(step)) throw columnError(path, 'is not kept')
    plan = plan.step(step)
    // An index that silently stays empty is worse than an error at the start.
    if (plan.drop) throw columnError(path, 'is dropped')
  }
  const kind = isHash(column) ? 'hash' : 'column'
  if (plan[kind] >= 0) throw columnError(path, 'occurs twice')
  plan[kind] = index
}

function columnError(path: string, what: string): KubeInformerError {
  return new KubeInformerError('ERR_INVALID_OPTION', `the column '${path}' ${what}`, {
    facts: { option: path },
  })
}

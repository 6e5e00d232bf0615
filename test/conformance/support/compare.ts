import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import type { KubeList, KubeObject } from '../../support/kube-client.ts'
import { type Churn, keyOf } from './churn.ts'
import type { ChangeLine, Cli } from './cli.ts'

/** An object as cache and server must agree on it: no managedFields, and no type names, which list items leave out. */
function comparable(object: KubeObject): unknown {
  const { apiVersion: _version, kind: _kind, ...rest } = object
  const { managedFields: _fields, ...metadata } = object.metadata
  return { ...rest, metadata }
}

/** Every object of the list is in the cache, deeply equal and with its uid, and the cache holds nothing else. */
export function expectSameObjects(cached: Iterable<unknown>, list: KubeList): void {
  const byKey = new Map([...(cached as Iterable<KubeObject>)].map((object) => [keyOf(object), object]))
  const different: string[] = []
  for (const item of list.items) {
    const object = byKey.get(keyOf(item))
    if (object === undefined) different.push(`${keyOf(item)} is missing`)
    else if (object.metadata.uid !== item.metadata.uid) different.push(`${keyOf(item)} has another uid`)
    else if (!isDeepStrictEqual(plain(comparable(object)), comparable(item))) {
      different.push(`${keyOf(item)} differs`)
    }
    byKey.delete(keyOf(item))
  }
  for (const key of byKey.keys()) different.push(`${key} is extra`)
  expect(different).toEqual([])
}

/** isDeepStrictEqual compares prototypes too; what a record's maps have for one is nobody's business. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

export interface LedgerResult {
  /** Lives without a line: they began and ended while the informer could not see. */
  readonly unseen: number
  /** Lives without a line that it could have seen: add and delete merged into nothing. At most the merge count. */
  readonly mergedAway: number
  readonly problems: readonly string[]
}

/**
 * Holds what was told, by the command line or to a handler, against the ledger of what was really done: every create
 * has its `add`, every delete its `delete`, each once and in order, by uid. A life may be missing only as a whole, add
 * and delete: because it lay inside `blind` (while the watched server was down), or merged away, which the caller holds
 * against the merge count.
 */
export function checkLedger(
  churn: Churn,
  output: { readonly changes: readonly Pick<ChangeLine, 'type' | 'uid'>[] },
  blind: readonly { readonly fromMs: number; readonly toMs: number }[],
): LedgerResult {
  const problems: string[] = []
  let unseen = 0
  let mergedAway = 0
  for (const life of churn.lives) {
    const changes = output.changes.filter((change) => change.uid === life.uid)
    const kinds = changes.map((change) => change.type).filter((type) => type !== 'update')
    const wanted = life.deletedAtMs === undefined ? ['add'] : ['add', 'delete']
    if (isDeepStrictEqual(kinds, wanted) && changes[0]?.type === 'add') continue
    const { createdAtMs, deletedAtMs } = life
    const wasBlind = blind.some(
      (window) => createdAtMs >= window.fromMs && deletedAtMs !== undefined && deletedAtMs <= window.toMs,
    )
    if (changes.length === 0 && wasBlind) unseen++
    else if (changes.length === 0 && deletedAtMs !== undefined) mergedAway++
    else
      problems.push(`${life.key} ${life.uid}: wanted ${wanted}, got ${changes.map((change) => change.type)}`)
  }
  return { unseen, mergedAway, problems }
}

export function expectFoldEqualsList(cli: Cli, list: KubeList): void {
  const listed = list.items.map(
    (item) =>
      [keyOf(item), { uid: item.metadata.uid, resourceVersion: item.metadata.resourceVersion }] as const,
  )
  expect(Object.fromEntries(cli.fold())).toEqual(Object.fromEntries(listed))
}

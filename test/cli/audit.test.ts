import { expect, test } from 'vitest'
import { Audit, type AuditResult, firstDifference, type JsonObject } from '../../src/cli/audit.ts'
import { Fold } from '../../src/cli/fold.ts'

function pod(name: string, version: string, more: object = {}): JsonObject {
  return {
    metadata: {
      namespace: 'a',
      name,
      uid: `uid-${name}`,
      resourceVersion: version,
      managedFields: [{ manager: 'x' }],
    },
    spec: { containers: [{ image: 'nginx' }] },
    ...more,
  }
}

/** As the engine holds it: type named, managedFields gone. */
function cached(name: string, version: string, more: object = {}): JsonObject {
  const { metadata, ...rest } = structuredClone(pod(name, version, more)) as {
    metadata: { managedFields?: unknown }
  }
  delete metadata.managedFields
  return { apiVersion: 'v1', kind: 'Pod', metadata, ...rest }
}

function run(listed: JsonObject[], cache: JsonObject[], change?: (fold: Fold) => void): AuditResult {
  const byKey = new Map(
    cache.map((object) => [`a/${(object['metadata'] as { name: string }).name}`, object] as const),
  )
  const fold = new Fold()
  for (const [key, object] of byKey) {
    const { uid, resourceVersion } = object['metadata'] as { uid: string; resourceVersion: string }
    fold.apply('add', key, uid, resourceVersion)
  }
  change?.(fold)
  const audit = new Audit({ cache: byKey, fold, dropFields: ['metadata.managedFields'] })
  for (const item of listed) audit.compare([structuredClone(item)])
  return audit.finish()
}

const two = [pod('x', '1'), pod('y', '2')]
const both = [cached('x', '1'), cached('y', '2')]

test('equal views are ok: dropped fields and the type of the list items apart', () => {
  expect(run(two, both)).toEqual({
    ok: true,
    compared: 2,
    missing: 0,
    extra: 0,
    different: 0,
    fold: true,
    examples: [],
  })
})

test.each<[string, () => AuditResult, Partial<AuditResult>, RegExp]>([
  ['missing', () => run(two, both.slice(0, 1)), { missing: 1, fold: true }, /^a\/y: listed, not cached$/],
  ['extra', () => run(two.slice(0, 1), both), { extra: 1, compared: 1 }, /^a\/y: cached, not listed$/],
  [
    'another value deep inside',
    () => run([pod('x', '1', { spec: { containers: [{ image: 'other' }] } }), two[1] as JsonObject], both),
    { different: 1 },
    /^a\/x: differs at spec\.containers\.0\.image$/,
  ],
  [
    'a field too much in the cache',
    () => run(two, [cached('x', '1', { extra: 1 }), both[1] as JsonObject]),
    { different: 1 },
    /^a\/x: differs at extra$/,
  ],
  [
    'a kind that the list names and the cache lacks',
    () => run([{ ...pod('x', '1'), kind: 'Pod' }], [{ ...cached('x', '1'), kind: 'Other' }]),
    { different: 1 },
    /^a\/x: differs at kind$/,
  ],
  [
    'an old version told',
    () => run(two, both, (fold) => fold.apply('update', 'a/x', 'uid-x', '0')),
    { fold: false },
    /^a\/x: cached at 1, told 0$/,
  ],
  [
    'another uid told',
    () => run(two, both, (fold) => fold.apply('update', 'a/x', 'uid-other', '1')),
    { fold: false },
    /contradictions/,
  ],
  [
    'a key told and not cached',
    () => run(two, both, (fold) => fold.apply('add', 'a/z', 'uid-z', '1')),
    { fold: false },
    /^fold: 3 objects/,
  ],
  [
    'a delete of an unknown object',
    () => run(two, both, (fold) => fold.apply('delete', 'a/z', 'uid-z', '1')),
    { fold: false },
    /1 contradictions/,
  ],
  [
    'a second add',
    () => run(two, both, (fold) => fold.apply('add', 'a/x', 'uid-x', '1')),
    { fold: false },
    /1 contradictions/,
  ],
])('%s is found', (_name, audit, expected, example) => {
  const result = audit()
  expect(result).toMatchObject({ ok: false, ...expected })
  expect(result.examples[0]).toMatch(example)
})

test('differences are found where JSON.parse and a reader could part', () => {
  const own = JSON.parse('{"__proto__":{"a":1}}') as unknown
  expect(firstDifference(own, JSON.parse('{"__proto__":{"a":1}}'))).toBeUndefined()
  expect(firstDifference(own, {})).toBe('__proto__')
  expect(firstDifference({ a: 0 }, { a: -0 })).toBe('a')
  expect(firstDifference({ a: undefined }, {})).toBe('a')
  expect(firstDifference({ a: null }, { a: {} })).toBe('a')
  expect(firstDifference([1, 2], [1, 2, 3])).toBe('2')
})

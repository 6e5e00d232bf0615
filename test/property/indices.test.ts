import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Slicer } from '../../src/base/slicer.ts'
import { type Indexers, valuesFunction } from '../../src/indexer/index-definition.ts'
import { IndexScans } from '../../src/indexer/index-scans.ts'
import { Indexer } from '../../src/indexer/indexer.ts'
import { columnValues } from '../../src/protocol/record-header.ts'
import { RecordReader } from '../../src/protocol/record-reader.ts'
import { JsonTranscoder } from '../../workers/transcode/json-transcoder.ts'
import { type Random, seededRandom } from '../support/json-texts.ts'
import { RecordSource } from '../support/record-source.ts'
import { recordOf } from '../support/transcoding.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'

const seedCount = Number(process.env['INDEX_SEEDS'] ?? 40)
const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T

interface Thing {
  readonly metadata: { readonly labels?: Readonly<Record<string, unknown>> | null }
  readonly spec: { readonly n?: unknown; readonly list: readonly string[] }
}

/** What an object stands under, in plain words. */
const truths: Readonly<Record<string, (thing: Thing) => readonly string[]>> = {
  column: ({ spec }) => (typeof spec.n === 'object' || spec.n === undefined ? [] : [String(spec.n)]),
  app: ({ metadata }) => [metadata.labels?.['app']].filter((value) => typeof value === 'string'),
  list: ({ spec }) => spec.list,
}
const definitions: Indexers<Thing> = {
  column: 'spec.n',
  app: { label: 'app' },
  list: ({ spec }) => spec.list,
}
/** Added at a random moment; each means what one of the above does. */
const late: readonly (readonly [name: string, like: string, Indexers<Thing>])[] = [
  ['lateColumn', 'column', { lateColumn: 'spec.n' }],
  ['lateUnpacked', 'column', { lateUnpacked: "spec['n']" }],
  ['lateApp', 'app', { lateApp: { label: 'app' } }],
  ['lateList', 'list', { lateList: 'spec.list[*]' }],
  ['lateFunction', 'list', { lateFunction: ({ spec }) => [...spec.list, ...spec.list] }],
]

/** Every look at the clock takes a while, so that a slice ends after a few objects. */
class SlowClock extends VirtualRuntime {
  #looks = 0
  override nowMs(): number {
    return super.nowMs() + this.#looks++ * 3
  }
}

function objectText(random: Random): string {
  const app = pick(random, ['"web"', '"db"', '"web"', '""', '5', 'null'])
  // Keys may repeat: the last one counts.
  const members = ['"app":"first"', '"tier":"x"', `"app":${app}`].slice(Math.floor(random() * 3))
  const labels = pick(random, [`,"labels":{${members.join()}}`, '', ',"labels":null'])
  const n = pick(random, ['"node-1"', '"node-2"', '"node-1"', '7', 'true', 'null', '{"n":"x"}', '["x"]'])
  const list = ['a', 'b', 'c'].filter(() => random() < 0.5)
  const odd = random() < 0.2 ? ',"odd":"\\ud800"' : ''
  return `${labels}},"spec":{"n":${n},"list":${JSON.stringify(list)}${odd}}}`
}

function run(seed: number): void {
  const random = seededRandom(seed)
  const told: unknown[] = []
  const indexer = new Indexer({
    sink: { added: () => {}, updated: () => {}, deleted: () => {}, listCompleted: () => {} },
    columns: ['spec.n'],
    onIndexError: (...failure) => told.push(failure),
    slabBytes: 2048,
  })
  const runtime = new SlowClock()
  const scans = new IndexScans(indexer, new Slicer(runtime, 5), () => runtime.nowMs())
  void scans.add(definitions as Indexers)
  const model = new Map<string, Thing>()
  // Of several watches after another; the same bytes mean other strings in each.
  const newSource = () => new RecordSource(indexer, ['spec.n'])
  const sources = [newSource(), newSource(), newSource()]
  let version = 0
  const change = (): void => {
    const key = `${pick(random, ['ns-1/', 'ns-2/', ''])}o-${Math.floor(random() * 40)}`
    const isDelete = random() < (model.has(key) ? 0.25 : 0)
    const uid = `uid-${Math.floor(random() * 1.2)}`
    const [namespace, name = namespace] = key.split('/')
    const text = `{"metadata":{"name":"${name}","namespace":"${namespace}","uid":"${uid}","resourceVersion":"${++version}"${objectText(random)}`
    const source = pick(random, sources)
    if (isDelete) {
      source.delete(key, text, version)
      model.delete(key)
    } else {
      source.put(key, text)
      model.set(key, JSON.parse(text) as Thing)
    }
  }
  const check = (name: string, like: string): void => {
    const index = indexer.indices.index(name)
    const wanted = new Map<string, string[]>()
    for (const [key, thing] of model) {
      for (const value of new Set(truths[like]?.(thing))) {
        wanted.set(value, [...(wanted.get(value) ?? []), key].sort())
      }
    }
    const found = new Map(
      [...index.values()].map((value) => [value, [...(index.keysOf(value) ?? [])].sort()]),
    )
    expect([...found].sort(), `${name}, seed ${seed}`).toEqual([...wanted].sort())
  }
  const building = new Map<string, string>()
  const complete = new Map(Object.keys(truths).map((name) => [name, name]))
  const waiting = [...late]
  for (let step = 0; step < 260; step++) {
    const way = random()
    if (way < 0.7) change()
    else if (way < 0.85) runtime.turn()
    else if (way < 0.9) indexer.store.compact(500)
    else if (way < 0.92) indexer.thinning.step(500)
    else if (way < 0.94) sources[Math.floor(random() * 3)] = newSource()
    else if (step > 60 && waiting.length > 0) {
      const [name, like, indexers] = waiting.pop() as (typeof late)[number]
      void scans.add(indexers as Indexers)
      building.set(name, like)
    }
    for (const [name, like] of building) {
      try {
        check(name, like)
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_INDEX_BUILDING' })
        continue
      }
      building.delete(name)
      complete.set(name, like)
    }
    if (step % 20 === 0) for (const [name, like] of complete) check(name, like)
  }
  while (runtime.turn() > 0);
  for (const [name, like] of [...complete, ...building]) check(name, like)
  expect(told).toEqual([])
}

test('an index added while changes arrive is the one built from scratch, and not readable before', () => {
  for (let seed = 1; seed <= seedCount; seed++) run(seed)
})

test('a path means the same in the worker and in the object', () => {
  const paths = [
    'a',
    'a.b',
    'a.length',
    "['0']",
    'a[*]',
    'a[*].b',
    'a[*][*]',
    'b.a',
    '__proto__.a',
    'toString',
  ]
  const columns = paths.map((path) => (path.startsWith('[') ? `spec${path}` : `spec.${path}`))
  const functions = columns.map((path) => valuesFunction('x', path))
  const transcoder = new JsonTranscoder({ fields: {}, columns })
  const reader = new RecordReader({ structures: [], values: [] }, { freeze: true })
  const key = fc.constantFrom('a', 'b', '0', 'length', '__proto__', 'x')
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('', 'x', 'ü', 'y'.repeat(300), true, false, null),
      fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }))
  const spec = fc.dictionary(key, value, { maxKeys: 4 })
  let found = 0
  const check = (object: unknown, isRaw: boolean): void => {
    const odd = isRaw ? ',"odd":"\\ud800"' : ''
    const text = `{"metadata":{"name":"n","uid":"u","resourceVersion":"1"},"spec":${JSON.stringify(object)}${odd}}`
    const record = recordOf(transcoder, text)
    const { structures, values } = transcoder.epoch
    reader.extend(structures.slice(reader.structures.length), values.slice(reader.values.length))
    const read = reader.read(record, 0)
    for (const [column, valuesOf] of functions.entries()) {
      const inWorker = columnValues(record, 0, column, reader.values)
      expect(valuesOf(read), columns[column] as string).toEqual(inWorker)
      found += inWorker.length
    }
  }
  fc.assert(fc.property(spec, fc.boolean(), check), { numRuns: 1500 })
  expect(found).toBeGreaterThan(500)
})

/**
 * A list by labels over 150,000 cached pods, in which 1 in 100 is meant: by the bytes of every object's labels, and by an
 * index of the label. Beside it the same over objects that JSON.parse made, one after another, as client-go's lister goes
 * over its store. Each twice: counting, and with an object in hand for each that matches. Pods come in the order of their
 * keys, as a server lists them.
 */
import assert from 'node:assert/strict'
import { Lister } from '../src/lister.ts'
import { makePod } from './fixtures/pod.ts'
import { Stages } from './support/stages.ts'

const count = 150_000
const namespaces = 100
const runs = 25
const budgetMs = { scan: 25, index: 1 }
/** 5 of 500 apps. */
const values = ['app-0', 'app-101', 'app-202', 'app-303', 'app-404']
const labelSelector = `app in (${values.join()})`

interface Parsed {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> }
}

const stages = new Stages()
const parsed: Parsed[] = []
stages.intake.listStart(false)
for (let i = 0; i < count; i++) {
  const perNamespace = count / namespaces
  const pod = makePod((i % perNamespace) * namespaces + Math.floor(i / perNamespace))
  delete (pod['metadata'] as { managedFields?: unknown }).managedFields
  const text = JSON.stringify(pod)
  const bytes = Buffer.from(text)
  stages.intake.object('upsert', bytes, 0, bytes.length)
  parsed.push(JSON.parse(text))
  if (i % 1000 === 999) stages.apply(stages.batches())
}
stages.intake.listEnd(10_000_000)
stages.apply(stages.batches())
assert.equal(stages.indexer.size, count)

const lister = new Lister<Parsed>(stages.indexer)
const isWanted = ({ metadata }: Parsed): boolean => values.includes(metadata.labels['app'] as string)
const counted = (): number => lister.list({ labelSelector }).size
const listed = (): number => lister.list({ labelSelector }).toArray().length
const linear = (): number => parsed.filter(isWanted).length
const texts = (list: Iterable<Parsed>): string[] => Array.from(list, (pod) => JSON.stringify(pod)).sort()
const wanted = texts(parsed.filter(isWanted))
assert.equal(wanted.length, count / 100)
assert.deepEqual(texts(lister.list({ labelSelector })), wanted)

/** The fastest run is the one least disturbed by neighbours; the median is printed beside it. */
function measure(name: string, ...tasks: readonly (() => number)[]): readonly number[] {
  const times = tasks.map((task) => {
    const ms = Array.from({ length: runs }, () => {
      const start = performance.now()
      assert.equal(task(), wanted.length)
      return performance.now() - start
    })
    return ms.sort((a, b) => a - b)
  })
  const show = (ms: number | undefined): string => (ms as number).toFixed(2)
  const columns = times.map((ms) => `${show(ms[0])} (${show(ms[runs >> 1])})`.padStart(18))
  console.log(name.padEnd(24), ...columns)
  return times.map((ms) => ms[0] as number)
}

console.log(`${labelSelector}: ${wanted.length} of ${count}; ms, fastest of ${runs} (median)`)
console.log(''.padEnd(24), 'counting'.padStart(18), 'objects'.padStart(18))
const [scanMs = 0] = measure('scan of label bytes', counted, listed)
for (const index of stages.indexer.indices.define({ byApp: { label: 'app' } }, false)) {
  for (const cell of stages.indexer.cells()) index.added(cell.key, cell)
  index.isComplete = true
}
assert.deepEqual(texts(lister.list({ labelSelector })), wanted)
const [indexMs = 0] = measure('label index', counted, listed)
measure('parsed objects, linear', linear, linear)
for (const [name, ms, maxMs] of [
  ['scan', scanMs, budgetMs.scan],
  ['index', indexMs, budgetMs.index],
] as const) {
  if (ms < maxMs) continue
  console.log(`${name}: missed its budget of ${maxMs} ms`)
  process.exitCode = 1
}

/**
 * A list by labels over 150,000 cached pods, in which 1 in 100 is meant: by the bytes of every object's labels, and by an
 * index of the label. Beside it the same over objects that JSON.parse made, one after another, as client-go's lister goes
 * over its store. Each twice: counting, and with an object in hand for each that matches.
 */
import assert from 'node:assert/strict'
import { Lister } from '../src/lister.ts'
import { makePod } from './fixtures/pod.ts'
import { Stages } from './support/stages.ts'

const count = 150_000
const runs = 15
const budgetMs = { scan: 25, index: 1 }
/** Apps 0 to 4 of 500. */
const values = ['app-0', 'app-1', 'app-2', 'app-3', 'app-4']
const labelSelector = `app in (${values.join()})`

interface Parsed {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> }
}

function medianMs(task: () => number): number {
  const times = Array.from({ length: runs }, () => {
    const start = performance.now()
    assert.equal(task(), count / 100)
    return performance.now() - start
  })
  return times.sort((a, b) => a - b)[runs >> 1] as number
}

const stages = new Stages()
const parsed: Parsed[] = []
stages.intake.listStart(false)
for (let index = 0; index < count; index++) {
  const pod = makePod(index)
  delete (pod['metadata'] as { managedFields?: unknown }).managedFields
  const text = Buffer.from(JSON.stringify(pod))
  stages.intake.object('upsert', text, 0, text.length)
  parsed.push(JSON.parse(text.toString('utf8')))
  if (index % 1000 === 0) stages.apply(stages.batches())
}
stages.intake.listEnd(10_000_000)
stages.apply(stages.batches())
assert.equal(stages.indexer.size, count)

const lister = new Lister<Parsed>(stages.indexer)
const wanted = parsed.filter(({ metadata }) => values.includes(metadata.labels['app'] as string))
const names = (list: Iterable<Parsed>): string[] => [...list].map((pod) => JSON.stringify(pod)).sort()
const listed = (): number => lister.list({ labelSelector }).toArray().length
const counted = (): number => lister.list({ labelSelector }).size

assert.deepEqual(names(lister.list({ labelSelector })), names(wanted))
const scan = { counting: medianMs(counted), objects: medianMs(listed) }
stages.indexer.indices.define({ byApp: { label: 'app' } }, false).forEach((index) => {
  for (const cell of stages.indexer.cells()) index.added(cell.key, cell)
  index.isComplete = true
})
assert.deepEqual(names(lister.list({ labelSelector })), names(wanted))
const index = { counting: medianMs(counted), objects: medianMs(listed) }
const linear = medianMs(
  () => parsed.filter(({ metadata }) => values.includes(metadata.labels['app'] as string)).length,
)

const row = (name: string, ...times: readonly number[]): void =>
  console.log(name.padEnd(28), ...times.map((ms) => `${ms.toFixed(2)} ms`.padStart(10)))
console.log(`${labelSelector}: ${wanted.length} of ${count}, medians of ${runs}`)
console.log(''.padEnd(28), 'counting'.padStart(10), 'objects'.padStart(10))
row('scan of label bytes', scan.counting, scan.objects)
row('label index', index.counting, index.objects)
row('parsed objects, linear', linear, linear)
assert.ok(scan.counting < budgetMs.scan, `scan: more than ${budgetMs.scan} ms`)
assert.ok(index.counting < budgetMs.index, `index: more than ${budgetMs.index} ms`)

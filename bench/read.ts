/**
 * Record → object on main, against JSON.parse of the JSON without managedFields in the same run. Budgets hold for the
 * pod.
 */
import { shapes } from './fixtures/shapes.ts'
import { measureRatios, reportBudget } from './support/ratios.ts'
import { makeRecords } from './support/records.ts'

const count = 4000

for (const shape of shapes) {
  const { records, stripped, strippedBytes, recordBytes, reader } = makeRecords(shape, count)
  const frozen = reader(true)
  const open = reader(false)
  let sum = 0
  const readAll = (read: (record: Buffer) => object) => () => {
    for (const record of records) if (read(record) !== undefined) sum++
  }
  const { baselineNs, byTask } = await measureRatios(
    () => {
      for (const text of stripped) JSON.parse(text.toString('utf8'))
    },
    new Map([
      ['frozen', readAll((record) => frozen.read(record, 0))],
      ['open', readAll((record) => open.read(record, 0))],
    ]),
    { count },
  )
  if (sum === 0) throw new Error('nothing was read')
  console.log(
    `${shape.name}: ${Math.round(strippedBytes)} B JSON, ${Math.round(recordBytes)} B record; ` +
      `JSON.parse ${(baselineNs / 1000).toFixed(2)} µs`,
  )
  for (const [name, must, stretch] of [
    ['frozen', 0.45, 0.3],
    ['open', 0.3, 0.2],
  ] as const) {
    const { ratio, ns } = byTask.get(name) as { ratio: number; ns: number }
    const what = `read ${name === 'open' ? 'not frozen' : 'deep frozen'} (${(ns / 1000).toFixed(2)} µs) / JSON.parse`
    if (shape.isPod) reportBudget(what, ratio, must, stretch)
    else console.log(`  ${what} ${ratio.toFixed(3)}`)
  }
}

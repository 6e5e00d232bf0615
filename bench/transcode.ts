/**
 * JSON bytes → record in the worker, against JSON.parse of the same bytes in the same run, validation and one column
 * included, key and version read as the delta queue does. Budgets hold for the pod.
 */
import { shapes } from './fixtures/shapes.ts'
import { measureRatios, reportBudget } from './support/ratios.ts'
import { makeRecords } from './support/records.ts'

const count = 4000

for (const shape of shapes) {
  const { texts, transcoder, recordBytes, textBytes } = makeRecords(shape, count)
  const out = Buffer.allocUnsafeSlow(1 << 20)
  let sum = 0
  const { baselineNs, byTask } = await measureRatios(
    () => {
      for (const text of texts) JSON.parse(text.toString('utf8'))
    },
    new Map([
      [
        'transcode',
        () => {
          for (const text of texts) {
            transcoder.prepare()
            sum += transcoder.transcode(text, 0, text.length, out, 0)
            sum += transcoder.key.length + Number(transcoder.version)
          }
        },
      ],
    ]),
    { count },
  )
  if (sum === 0) throw new Error('nothing was transcoded')
  const { ratio, ns } = byTask.get('transcode') as { ratio: number; ns: number }
  const { structures, values } = transcoder.epoch
  console.log(
    `${shape.name}: ${Math.round(textBytes)} B JSON, ${structures.length} structures, ${values.length} strings; ` +
      `JSON.parse ${(baselineNs / 1000).toFixed(2)} µs, transcode ${(ns / 1000).toFixed(2)} µs`,
  )
  if (shape.isPod) {
    reportBudget('transcode / JSON.parse', ratio, 0.55, 0.35)
    reportBudget('record with header and one column', recordBytes, 1600, 1300, ' B')
  } else {
    console.log(`  transcode / JSON.parse ${ratio.toFixed(3)}, record ${Math.round(recordBytes)} B`)
  }
}

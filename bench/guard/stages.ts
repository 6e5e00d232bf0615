import { shapes } from '../fixtures/shapes.ts'
import { measureRatios } from '../support/ratios.ts'
import { makeRecords, type ShapeRecords } from '../support/records.ts'
import type { RatioBudget, Sample } from './hold.ts'

/** 15 MB of JSON: less might stay in the processor's cache. */
const count = 2000

/** The two hot stages on pods: bytes → record in the worker, record → frozen object on main. */
export function stageBudgets(): readonly RatioBudget[] {
  const pod = shapes.find(({ isPod }) => isPod)
  if (pod === undefined) throw new Error('no fixture of a pod')
  let made: ShapeRecords | undefined
  const records = (): ShapeRecords => (made ??= makeRecords(pod, count))
  return [
    {
      title: 'transcode / JSON.parse',
      must: 0.55,
      measure() {
        const { texts, transcoder } = records()
        const out = Buffer.allocUnsafeSlow(1 << 20)
        return sample(texts, () => {
          let sum = 0
          for (const text of texts) {
            transcoder.prepare()
            sum += transcoder.transcode(text, 0, text.length, out, 0)
            sum += transcoder.key.length + Number(transcoder.version)
          }
          return sum
        })
      },
    },
    {
      title: 'read, deep frozen / JSON.parse of stripped JSON',
      must: 0.45,
      measure() {
        const { records: packed, stripped, reader } = records()
        const frozen = reader(true)
        return sample(stripped, () => {
          let sum = 0
          for (const record of packed) if (frozen.read(record, 0) !== undefined) sum++
          return sum
        })
      },
    },
  ]
}

async function sample(texts: readonly Buffer[], task: () => number): Promise<Sample> {
  let sum = 0
  const { ratios, baselineNs, baselineSpread, byTask } = await measureRatios(
    () => {
      for (const text of texts) JSON.parse(text.toString('utf8'))
    },
    new Map([
      [
        'task',
        () => {
          sum += task()
        },
      ],
    ]),
    { count },
  )
  if (!(sum > 0)) throw new Error('nothing was done')
  const micros = (ns = Number.NaN): string => `${(ns / 1000).toFixed(1)} µs`
  return {
    ratios: ratios.get('task') ?? [],
    baselineSpread,
    detail: `${micros(byTask.get('task')?.ns)} / ${micros(baselineNs)} an object`,
  }
}

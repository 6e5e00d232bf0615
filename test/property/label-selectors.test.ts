import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expandRecord } from '../../src/protocol/record-expand.ts'
import { RecordReader } from '../../src/protocol/record-reader.ts'
import { parseLabelSelector } from '../../src/selectors/label-selector.ts'
import { JsonTranscoder } from '../../workers/transcode/json-transcoder.ts'
import { recordOf } from '../support/transcoding.ts'

type Labels = Readonly<Record<string, string>>
interface Wanted {
  readonly text: string
  readonly holds: (labels: Labels) => boolean
}

const key = fc.constantFrom('app', 'tier', 'example.com/zone', 'a', 'in', 'toString')
const value = fc.constantFrom('', 'web', 'db', 'a', 'in', 'x'.repeat(40), '7', '42', '042')
const space = fc.constantFrom('', '', ' ', '\t ', '\n')
const has = (labels: Labels, k: string): boolean => Object.hasOwn(labels, k)

/** Each condition beside what it means, written down from Kubernetes' documentation and not from the parser. */
const condition: fc.Arbitrary<Wanted> = fc.oneof(
  fc.tuple(key, space, fc.constantFrom('=', '=='), space, value).map(([k, s, op, t, v]) => ({
    text: `${s}${k}${s}${op}${t}${v}${t}`,
    holds: (labels: Labels) => has(labels, k) && labels[k] === v,
  })),
  fc.tuple(key, space, value).map(([k, s, v]) => ({
    text: `${k}${s}!=${s}${v}`,
    holds: (labels: Labels) => !has(labels, k) || labels[k] !== v,
  })),
  fc.tuple(key, space, fc.array(value, { maxLength: 4 })).map(([k, s, list]) => ({
    text: `${k} in${s}(${s}${list.join(`${s},${s}`)})${s}`,
    holds: (labels: Labels) => has(labels, k) && (list.length === 0 ? [''] : list).includes(labels[k] ?? '-'),
  })),
  fc.tuple(key, space, fc.array(value, { maxLength: 4 })).map(([k, s, list]) => ({
    text: `${k} notin${s}(${list.join(`,${s}`)}${s})`,
    holds: (labels: Labels) =>
      !has(labels, k) || !(list.length === 0 ? [''] : list).includes(labels[k] ?? '-'),
  })),
  fc.tuple(key, space).map(([k, s]) => ({ text: `${s}${k}${s}`, holds: (labels: Labels) => has(labels, k) })),
  fc.tuple(key, space).map(([k, s]) => ({
    text: `${s}!${s}${k}`,
    holds: (labels: Labels) => !has(labels, k),
  })),
  fc.tuple(key, space, fc.boolean(), fc.nat({ max: 50 })).map(([k, s, above, limit]) => ({
    text: `${k}${s}${above ? '>' : '<'}${s}${limit}`,
    holds: (labels: Labels) => {
      if (!has(labels, k) || !/^[0-9]+$/.test(labels[k] as string)) return false
      return above ? Number(labels[k]) > limit : Number(labels[k]) < limit
    },
  })),
)

test('a selector means the same for the bytes of a record, for labels, and in plain words; its text is one', () => {
  const transcoder = new JsonTranscoder({ fields: {}, columns: [] })
  const reader = new RecordReader({ structures: [], values: [] }, { freeze: true })
  const plain = new RecordReader({ structures: [], values: [] }, { freeze: true })
  const labels = fc.option(fc.array(fc.tuple(key, value), { maxLength: 20 }))
  const counts = { true: 0, false: 0 }
  const check = (
    conditions: Wanted[],
    entries: [string, string][] | null,
    isRaw: boolean,
    uid: string,
  ): void => {
    // Keys may repeat: the last one counts.
    const members = (entries ?? []).map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join()
    const metadata = `{"name":"n","uid":${JSON.stringify(uid)},"resourceVersion":"1"${entries === null ? '' : `,"labels":{${members}}`}}`
    const record = recordOf(transcoder, `{"metadata":${metadata}${isRaw ? ',"odd":"\\ud800"' : ''}}`)
    const { structures, values } = transcoder.epoch
    reader.extend(structures.slice(reader.structures.length), values.slice(reader.values.length))
    const own = entries === null ? undefined : Object.fromEntries(entries)
    const wanted = conditions.every(({ holds }) => holds(own ?? {}))
    const selector = parseLabelSelector(conditions.map(({ text }) => text).join(','))
    expect(selector.matchesLabels(own)).toBe(wanted)
    expect(selector.matches(record, 0, reader)).toBe(wanted)
    expect(selector.matches(expandRecord(record, 0, reader), 0, plain)).toBe(wanted)
    const backwards = [...conditions, ...conditions].reverse().map(({ text }) => text)
    const again = parseLabelSelector(backwards.join(','))
    expect(again.text).toBe(selector.text)
    expect(parseLabelSelector(selector.text).text).toBe(selector.text)
    expect(parseLabelSelector(selector.text).matchesLabels(own)).toBe(wanted)
    counts[`${wanted}`]++
  }
  const conditions = fc.oneof(
    fc.array(condition, { maxLength: 3 }),
    // More than are remembered by the ids of their strings, about as many objects as before.
    condition.map((one) => Array.from({ length: 20 }, () => one)),
  )
  fc.assert(fc.property(conditions, labels, fc.boolean(), fc.uuid(), check), { numRuns: 3000 })
  expect(counts.true).toBeGreaterThan(300)
  expect(counts.false).toBeGreaterThan(300)
})

import fc from 'fast-check'
import { describe, it } from 'vitest'
import { RecordCheck } from '../support/record-check.ts'

const runs = Number(process.env['RECORD_FUZZ_SEEDS'] ?? 300)
const metadata = '"metadata":{"name":"a","namespace":"b","uid":"c","resourceVersion":"1"}'

function objectOf(value: string): Buffer {
  return Buffer.from(`{${metadata},"spec":${value}}`)
}

describe('transcode, then read, with shrinking', () => {
  it('any value that JSON.stringify writes', () => {
    const check = new RecordCheck({ freeze: true })
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }), (value) => {
        check.check(objectOf(JSON.stringify(value)))
      }),
      { numRuns: runs },
    )
  })

  it('any number', () => {
    const check = new RecordCheck()
    const number = fc.oneof(fc.double(), fc.maxSafeInteger(), fc.integer(), fc.float())
    const spelled = fc
      .tuple(number, fc.constantFrom('', '.0', '0', 'e0', 'E+2', 'e-3', '.'))
      .map(([n, end]) => `${n}${end}`)
    fc.assert(
      fc.property(
        fc.oneof(spelled, fc.stringMatching(/^-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][-+]?[0-9]{1,4})?$/)),
        (text) => {
          check.check(objectOf(`[${text}]`))
        },
      ),
      { numRuns: runs * 5 },
    )
  })

  it('any bytes within a string, a key, a number, or between tokens', () => {
    const check = new RecordCheck({ drop: [['spec', 'dropped']] })
    const place = fc.constantFrom(
      '["@"]',
      '{"@":1}',
      '[1@]',
      '[@]',
      '{"dropped":["@",{"x@":@}],"kept":{"@":"@"}}',
    )
    fc.assert(
      fc.property(place, fc.uint8Array({ maxLength: 6 }), (text, bytes) => {
        const parts = objectOf(text).toString('latin1').split('@')
        const json = parts
          .map((part) => Buffer.from(part, 'latin1'))
          .flatMap((part, i) => (i === 0 ? [part] : [bytes, part]))
        check.check(Buffer.concat(json))
      }),
      { numRuns: runs * 5 },
    )
  })
})

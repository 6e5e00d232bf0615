import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KubeInformerError } from '../../src/errors.ts'
import { JsonScanner } from '../../workers/transcode/json-scanner.ts'
import { SkipTemplates } from '../../workers/transcode/skip-templates.ts'
import { RecallBudget } from '../../workers/transcode/value-recall.ts'

type Skip = (scanner: JsonScanner) => void

/** Where the value ends, or the code it is refused with. */
function outcome(json: Buffer, skip: Skip): number | string {
  const scanner = new JsonScanner()
  scanner.load(json, 0, json.length)
  try {
    skip(scanner)
    // What the transcoder does with text that is not ASCII outside of dropped values.
    if (json.some((byte) => byte >= 128)) scanner.checkUtf8()
    return scanner.at
  } catch (error) {
    if (error instanceof KubeInformerError) return error.code
    throw error
  }
}

const plain: Skip = (scanner) => scanner.skipValue()

function templatesOf(...known: readonly string[]): SkipTemplates {
  const templates = new SkipTemplates(new RecallBudget(1 << 20))
  for (const json of known) outcome(Buffer.from(json), (scanner) => templates.skip(scanner))
  return templates
}

const entry =
  '{"manager":"kubelet","time":"2026-10-01T12:00:00Z","n":123,"f":{"f:a":{},"k:{\\"uid\\":\\"12ab\\"}":{".":{},"é":-1.5e3}},"l":[true,null,"x"]}'

describe('values that resemble a known one', () => {
  const variants: [what: string, json: string][] = [
    ['the same', entry],
    ['a longer string', entry.replace('kubelet', 'kube-controller-manager')],
    ['a shorter string', entry.replace('kubelet', '')],
    ['a string with escapes', entry.replace('kubelet', '\\u00e9\\"')],
    ['another string behind an escape', entry.replace('12ab', 'cd')],
    ['an escape that differs', entry.replace('\\"uid', '\\n\\"uid')],
    ['a longer number', entry.replace('123', '1234567')],
    ['a shorter number', entry.replace('123', '1')],
    ['a number with a fraction', entry.replace('123', '12.5')],
    ['a string instead of a number', entry.replace('123', '"a"')],
    ['null instead of a number', entry.replace('123', 'null')],
    ['an object instead of a number', entry.replace('123', '{"a":[]}')],
    ['another literal', entry.replace('true', 'false')],
    ['one member more', entry.replace('"n":', '"m":0,"n":')],
    ['one member less', entry.replace('"n":123,', '')],
    ['whitespace', entry.replace('"n":123', '"n" : 123 ')],
    ['other characters beyond ASCII', entry.replace('é', '日本')],
    ['a number that is not one', entry.replace('123', '0123')],
    ['a number that breaks off', entry.replace('-1.5e3', '-1.5e')],
    ['an escape that is none', entry.replace('\\"uid', '\\x"uid')],
    ['a unicode escape that breaks off', entry.replace('kubelet', '\\u12')],
    ['a control character', entry.replace('kubelet', '\u0001')],
    ['a missing colon', entry.replace('"n":', '"n"')],
    ['a trailing comma', entry.replace('"x"]', '"x",]')],
    ['a wrong bracket', entry.replace('"x"]', '"x"}')],
  ]

  it.each(variants)('%s', (_, json) => {
    const templates = templatesOf(entry)
    const bytes = Buffer.from(json)
    const wanted = outcome(bytes, plain)
    expect(outcome(bytes, (scanner) => templates.skip(scanner))).toBe(wanted)
    // As an element of an array, before and after the known one.
    const list = Buffer.from(`[${entry},${json},${entry}]`)
    expect(outcome(list, (scanner) => templates.skip(scanner))).toBe(outcome(list, plain))
  })

  it('refuse a character that breaks off where the known one goes on', () => {
    const templates = templatesOf(entry)
    const at = Buffer.from(entry).indexOf('é')
    const broken = Buffer.from(entry)
    broken[at + 1] = 0x41
    expect(outcome(broken, (scanner) => templates.skip(scanner))).toBe('ERR_INVALID_UTF8')
  })

  it('refuse every beginning', () => {
    const templates = templatesOf(entry, `[${entry},${entry}]`)
    const bytes = Buffer.from(`[${entry},${entry}]`)
    for (let end = 1; end < bytes.length; end++) {
      expect(typeof outcome(bytes.subarray(0, end), (scanner) => templates.skip(scanner))).toBe('string')
    }
  })

  it('are skipped exactly as if they were parsed, whatever bytes are changed', () => {
    const templates = templatesOf(entry, entry.replace('kubelet', 'other'), `[${entry}]`)
    const edit = fc.record({
      at: fc.nat(entry.length),
      remove: fc.nat(3),
      insert: fc.uint8Array({ maxLength: 3 }),
    })
    const likely = fc.constantFrom(...'{}[]",:\\u0-.e 1tfn').map((c) => Uint8Array.from(Buffer.from(c)))
    const edits = fc.array(
      fc.oneof(edit, fc.record({ at: fc.nat(entry.length), remove: fc.nat(1), insert: likely })),
      { maxLength: 4 },
    )
    fc.assert(
      fc.property(edits, fc.boolean(), (list, isElement) => {
        let bytes = Buffer.from(entry)
        for (const { at, remove, insert } of list) {
          bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)])
        }
        if (isElement) bytes = Buffer.concat([Buffer.from('['), bytes, Buffer.from(`,${entry}]`)])
        const wanted = outcome(bytes, plain)
        const got = outcome(bytes, (scanner) => templates.skip(scanner))
        // Which of two faults is named first may differ; that there is one may not.
        expect(typeof got).toBe(typeof wanted)
        if (typeof wanted === 'number') expect(got).toBe(wanted)
      }),
      { numRuns: 5000 },
    )
  })

  it('cost no memory beyond the budget', () => {
    const budget = new RecallBudget(2000)
    const templates = new SkipTemplates(budget)
    for (let i = 0; i < 2000; i++) {
      const json = Buffer.from(
        entry.replace(
          '"n":123',
          Array.from({ length: i % 9 }, (_, k) => `"${k}":${i}`)
            .concat('"n":[]')
            .join(),
        ),
      )
      expect(outcome(json, (scanner) => templates.skip(scanner))).toBe(json.length)
    }
    expect(budget.bytesLeft).toBeGreaterThanOrEqual(0)
  })
})

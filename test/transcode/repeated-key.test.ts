import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hasRepeatedKey } from '../../workers/transcode/repeated-key.ts'

const dictionary = ['app', 'tier', 'schlüssel', '']

/** A key as a text or, where the dictionary has it, as a reference. */
function encoded(text: string, asReference: boolean): Buffer {
  const id = dictionary.indexOf(text)
  if (asReference && id >= 0) return Buffer.from([0x40 | id, 0])
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([0xd9, bytes.length]), bytes])
}

const keys = fc.array(
  fc.tuple(fc.oneof(fc.constantFrom(...dictionary), fc.string({ maxLength: 2 })), fc.boolean()),
  { maxLength: 40 },
)
const values = [Buffer.from([0xa1, 0x76]), Buffer.from([0x40, 0]), Buffer.from([0x93, 1, 2, 3])]

test('a key that stands twice is found, as a text or a reference, among few or many', () => {
  fc.assert(
    fc.property(keys, fc.nat(2), (list, which) => {
      const head = Buffer.from([0xff, 0xde, 0, list.length])
      const members = list.flatMap(([text, asReference]) => [
        encoded(text, asReference),
        values[which] as Buffer,
      ])
      const bytes = Buffer.concat([head, ...members])
      const isRepeated = new Set(list.map(([text]) => text)).size < list.length
      expect(hasRepeatedKey(bytes, 1, dictionary, [])).toBe(isRepeated)
    }),
    { numRuns: 500 },
  )
})

import { expect, test } from 'vitest'
import { cutText, redact } from '../../src/base/redact.ts'

test.each([
  ['as it is, each time', 'a s3cret, b s3cret', ['s3cret'], 'a [redacted], b [redacted]'],
  ['as a URL writes it', 'q=s3%2Fcret', ['s3/cret'], 'q=[redacted]'],
  ['one within another', 'me:s3cret', ['s3cret', 'me:s3cret'], '[redacted]'],
  ['cut in two', 'got s3cr… and more', ['s3cret'], 'got [redacted]… and more'],
  ['a word that begins like it', 'got s3cr', ['s3cret'], 'got s3cr'],
  ['too short to be one', 'abc', ['abc', ''], 'abc'],
  ['half a letter', 'a \ud800bcd', ['\ud800bcd'], 'a [redacted]'],
])('%s', (_what, text, secrets, shown) => {
  expect(redact(text, secrets)).toBe(shown)
})

test('what is cut says so', () => {
  expect([cutText('abcd', 4), cutText('abcde', 4)]).toEqual(['abcd', 'abcd…'])
})

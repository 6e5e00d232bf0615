import { expect, test } from 'vitest'
import {
  formatAge,
  formatBytes,
  formatCount,
  formatMs,
  parseBytes,
  parseCount,
  parseDurationMs,
} from '../../src/cli/units.ts'

test.each([
  ['500ms', 500],
  ['10s', 10_000],
  ['10', 10_000],
  ['1.5m', 90_000],
  ['2h', 7_200_000],
  ['', undefined],
  ['ten', undefined],
  ['-1s', undefined],
  ['10 s', undefined],
])('duration %j', (text, expected) => expect(parseDurationMs(text)).toBe(expected))

test.each([
  ['65536', 65_536],
  ['64KiB', 65_536],
  ['8MiB', 8_388_608],
  ['8M', 8_000_000],
  ['1.5 GB', 1_500_000_000],
  ['1gib', 1_073_741_824],
  ['', undefined],
  ['8X', undefined],
  ['-8', undefined],
])('size %j', (text, expected) => expect(parseBytes(text)).toBe(expected))

test.each([
  ['0', 0],
  ['20_000', 20_000],
  ['20,000', 20_000],
  ['1.5', undefined],
  ['-1', undefined],
  ['', undefined],
  ['9999999999999', undefined],
])('count %j', (text, expected) => expect(parseCount(text)).toBe(expected))

test('numbers for people', () => {
  expect([0, 999, 1000, 12_345, 999_600, 2_400_000_000].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 KB',
    '12 KB',
    '1.0 MB',
    '2.4 GB',
  ])
  expect([0.04, 3.14, 42.4, 1234].map(formatMs)).toEqual(['0.0 ms', '3.1 ms', '42 ms', '1,234 ms'])
  expect(formatMs(null)).toBe('–')
  expect(formatCount(20_000)).toBe('20,000')
  expect([-5, 42_000, 300_000, 10_800_000, 1e9].map(formatAge)).toEqual(['0s', '42s', '5m', '3h', '11d'])
})

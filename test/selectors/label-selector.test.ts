import { describe, expect, it } from 'vitest'
import { type LabelSelectorInput, parseLabelSelector } from '../../src/selectors/label-selector.ts'

describe('the language', () => {
  it.each([
    ['', ''],
    ['  ', ''],
    ['app=web', 'app=web'],
    ['app==web', 'app=web'],
    [' app  =  web ', 'app=web'],
    ['app!=web', 'app!=web'],
    ['app=', 'app='],
    ['app', 'app'],
    ['!app', '!app'],
    ['! app', '!app'],
    ['tier in (b, a,a)', 'tier in (a,b)'],
    ['tier in(a)', 'tier=a'],
    ['tier notin (a,)', 'tier notin (,a)'],
    ['a.b/c=d_e.f', 'a.b/c=d_e.f'],
    ['in in (in)', 'in=in'],
    ['notin,in', 'in,notin'],
    ['inner=1', 'inner=1'],
    ['size>10,size<2', 'size<2,size>10'],
    ['tier in ()', 'tier='],
    ['tier notin ( )', 'tier!='],
    ['tier in (a,,)', 'tier in (,a)'],
    ['a=b,a==b,a in (b)', 'a=b'],
    ['app=web,tier in (a,b),!canary', '!canary,app=web,tier in (a,b)'],
  ])('%j means %j', (text, canonical) => {
    const selector = parseLabelSelector(text)
    expect(selector.text).toBe(canonical)
    expect(parseLabelSelector(canonical).text).toBe(canonical)
    expect(selector.isEmpty).toBe(canonical === '')
  })

  it.each([
    ['=web', 0],
    [',', 0],
    ['app,', 4],
    ['app=web,,b', 8],
    ['app web', 4],
    ['app===web', 5],
    ['app=web tier=a', 8],
    ['app=we b', 7],
    ['tier in a', 8],
    ['tier in (a', 10],
    ['tier in (a b)', 11],
    ['tier inn (a)', 5],
    ['!', 1],
    ['!!a', 1],
    ['a/b/c=d', 0],
    ['/a', 0],
    ['A.B/c', 0],
    ['-a', 0],
    ['a=-b', 2],
    [`a=${'x'.repeat(64)}`, 2],
    ['x'.repeat(64), 0],
    ['a>b', 2],
    ['a>-5', 2],
    ['a<+5', 2],
    ['a>', 2],
    ['a>9223372036854775808', 2],
    ['a=b)', 3],
    ['(a)', 0],
    ['a=ü', 2],
  ])('%j is refused at %i', (text, position) => {
    expect(() => parseLabelSelector(text)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_SELECTOR', facts: { position } }),
    )
  })

  it('has an object form', () => {
    const selector = parseLabelSelector({
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['b', 'a'] },
        { key: 'zone', operator: 'NotIn', values: ['x'] },
        { key: 'canary', operator: 'DoesNotExist' },
        { key: 'owner', operator: 'Exists', values: [] },
      ],
    })
    expect(selector.text).toBe('!canary,app=web,owner,tier in (a,b),zone!=x')
    expect(parseLabelSelector({}).isEmpty).toBe(true)
  })

  it.each<[LabelSelectorInput, number]>([
    [{ matchLabels: { '': 'a' } }, 0],
    [{ matchLabels: { a: 'b c' } }, 0],
    [
      {
        matchExpressions: [
          { key: 'a', operator: 'Exists' },
          { key: 'b', operator: 'in', values: ['c'] },
        ],
      },
      1,
    ],
    [{ matchExpressions: [{ key: 'a', operator: 'In' }] }, 0],
    [{ matchExpressions: [{ key: 'a', operator: 'In', values: 'b' as unknown as string[] }] }, 0],
    [{ matchLabels: { a: 5 as unknown as string } }, 0],
    [{ matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] }, 0],
    [
      {
        matchLabels: { x: 'y' },
        matchExpressions: [
          { key: 'a', operator: 'Exists' },
          { key: '/b', operator: 'Exists' },
        ],
      },
      1,
    ],
  ])('refuses the object %j at %i', (input, position) => {
    expect(() => parseLabelSelector(input)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_SELECTOR', facts: { position } }),
    )
  })

  it.each<[unknown, number]>([
    [[], 0],
    [['app=web'], 0],
    [{ matchLabels: [] }, 0],
    [{ matchLabels: 'ab' }, 0],
    [{ matchExpressions: {} }, 0],
    [{ matchExpressions: '' }, 0],
    [{ matchExpressions: [{ key: 'a', operator: 'Exists' }, null] }, 1],
  ])('refuses what has another form, %j: it would select everything', (input, position) => {
    expect(() => parseLabelSelector(input as LabelSelectorInput)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_SELECTOR', facts: { position } }),
    )
  })
})

describe('what matches', () => {
  const selects = (text: string, labels: Record<string, unknown> | undefined): boolean =>
    parseLabelSelector(text).matchesLabels(labels)

  it.each<[string, Record<string, unknown> | undefined, boolean]>([
    ['', undefined, true],
    ['a=b', { a: 'b' }, true],
    ['a=b', { a: 'c' }, false],
    ['a=b', {}, false],
    ['a=', {}, false],
    ['a=', { a: '' }, true],
    ['a!=b', {}, true],
    ['a!=b', undefined, true],
    ['a!=b', { a: 'b' }, false],
    ['a notin (b,c)', { a: 'd' }, true],
    ['a notin (b,c)', { a: 'c' }, false],
    ['a in (b,c)', { a: 'c' }, true],
    ['a', { a: '' }, true],
    ['a', { b: '' }, false],
    ['!a', { b: '' }, true],
    ['!a', { a: '' }, false],
    ['a=b,c', { a: 'b' }, false],
    ['a=b,a!=b', { a: 'b' }, false],
    ['a>5', { a: '10' }, true],
    ['a>5', { a: '5' }, false],
    ['a<5', { a: 'x' }, false],
    ['a<5', { a: '-7' }, true],
    ['a>5', { a: '+7' }, true],
    ['a>5', { a: '000000000000000000000000000006' }, true],
    ['a>5', { a: '9223372036854775807' }, true],
    ['a>5', { a: '9223372036854775808' }, false],
    ['a<5', { a: '' }, false],
    ['a<5', {}, false],
    ['toString', {}, false],
    ['constructor!=a', {}, true],
  ])('%j of %j: %s', (text, labels, wanted) => {
    expect(selects(text, labels)).toBe(wanted)
  })
})

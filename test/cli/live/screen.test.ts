import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { legend } from '../../../src/cli/live/legend.ts'
import { paint, textOf } from '../../../src/cli/live/line.ts'
import type { Figures } from '../../../src/cli/live/model.ts'
import { screen, type View } from '../../../src/cli/live/screen.ts'
import { columns } from '../../../src/cli/live/table.ts'
import { widthOf } from '../../../src/cli/live/text-width.ts'
import { printable } from '../../../src/cli/printable.ts'
import type { ResourceSample } from '../../../src/cli/sample.ts'
import { root } from '../../guards/source-tree.ts'
import { figuresAfter, following, syncing, view, wave } from './samples.ts'

const deployments = 'apps/v1/deployments'
const refused = {
  error: 'connect ECONNREFUSED 10.0.0.1:6443',
  advice: 'is the API server running at https://10.0.0.1:6443? Check --server, --kubeconfig, --context',
}

const one = (second: number) => [following({ delivered: 20_000 + wave(second, 2_000) })]
const nodes = (second: number) =>
  following({
    resource: 'nodes',
    objects: 120,
    delivered: 120 + wave(second, 7),
    lagMs: { p50: 0.31, p99: 1.1, max: 1.2 },
    merged: 0,
    queueCount: 0,
    queueBytes: 0,
    bufferCount: 0,
  })
const calm = (more: Partial<ResourceSample> = {}) =>
  following({
    resource: deployments,
    objects: 1_000,
    delivered: 1_000,
    received: 1_000,
    lagMs: null,
    merged: 0,
    reconnects: 0,
    queueCount: 0,
    queueBytes: 0,
    bufferCount: 0,
    ...more,
  })
const three = (second: number) => [...one(second), nodes(second), calm()]

/** Nothing has come yet. */
const nothing = {
  ...calm(),
  isListed: false,
  hasSynced: false,
  objects: 0,
  delivered: 0,
  received: 0,
  bytesRead: 0,
}
const listing = (second: number) =>
  syncing({ objects: 4_115 * second, received: 4_116 * second, bytesRead: 30_000_000 * second })

/** The server goes at 20 s and is back at 28 s: who tried just before waits. */
function outage(second: number): readonly ResourceSample[] {
  if (second <= 20) return three(second)
  const [pods] = one(20) as [ResourceSample]
  const drained = { bufferCount: 0, queueCount: 0, queueBytes: 0 }
  const down = { ...refused, ...drained, state: 'retrying', attempt: second < 24 ? 3 : 4 } as const
  const isBack = second >= 28
  const relist = { received: 1_000 + (second - 28) * 360, bytesRead: 150_000_000 + (second - 28) * 2_100_000 }
  return [
    { ...pods, ...down },
    isBack ? { ...nodes(second - 8), reconnects: 2 } : { ...nodes(20), ...down },
    isBack ? calm({ ...relist, state: 'relisting', relists: 1, reconnects: 1 }) : calm(down),
  ]
}

const failure = {
  resource: 'pods',
  key: 'default/web-1',
  text: '\u001b[31mno such thing',
  count: 3,
  atMs: 18_000,
}

/** Name of the capture, what it shows. */
const scenes: readonly (readonly [string, Figures, Partial<View>])[] = [
  ['one-syncing', figuresAfter(3, (second) => [listing(second)]), {}],
  [
    'one-unreachable',
    figuresAfter(3, (second) => [
      { ...nothing, ...refused, resource: 'pods', state: 'retrying', attempt: second },
    ]),
    {},
  ],
  ['one-following', figuresAfter(75, one), {}],
  [
    'one-paused',
    figuresAfter(75, one),
    { isPaused: true, server: 'https://shop.example.com', scope: '-n web -l app=shop' },
  ],
  ['one-help', figuresAfter(75, one), { hasHelp: true }],
  [
    'three-syncing',
    figuresAfter(3, (second) => [
      listing(second),
      syncing({
        resource: 'nodes',
        isListed: true,
        state: 'watching',
        objects: 120,
        received: 120,
        delivered: 25 * second,
        initialPending: 120 - 25 * second,
      }),
      { ...nothing, state: 'waiting' },
    ]),
    {},
  ],
  ['three-following', figuresAfter(75, three), { scope: '--context prod -n web -l app=shop' }],
  ['three-retrying', figuresAfter(30, outage), {}],
  ['three-failing', figuresAfter(20, three), { failure }],
  ['three-ending', figuresAfter(20, three), { phase: 'ending', failure }],
  [
    'many-following',
    figuresAfter(5, (second) =>
      Array.from({ length: 24 }, (_, i) => {
        const resource = `example.com/v1/a-custom-resource-with-a-long-name-${i}`
        if (i % 10 !== 9) return following({ resource, objects: 500, delivered: wave(second, i) })
        return { ...nothing, resource, state: 'forbidden', attempt: 1, error: 'User "x" cannot list it' }
      }),
    ),
    {},
  ],
]
const sizes = [
  { columns: 80, rows: 24 },
  { columns: 160, rows: 50 },
]
const captures = scenes.flatMap(([name, figures, more]) =>
  sizes.map((size) => [`${name}-${size.columns}x${size.rows}`, figures, { ...view, ...more }, size] as const),
)

test.each(captures)('%s', async (name, figures, shown, size) => {
  const lines = screen(figures, shown, size).map((line) => paint(line, false))
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`../screens/${name}.txt`)
})

test('the page shows what is drawn, and says what each figure means', () => {
  const page = readFileSync(join(root, 'docs/live-view.md'), 'utf8')
  expect(page).toContain(readFileSync(join(root, 'test/cli/screens/three-retrying-80x24.txt'), 'utf8'))
  for (const [label, meaning] of legend) {
    if (label !== '') expect(page).toContain(`| \`${label}\` | ${meaning}`)
    else expect(page).toContain(meaning)
  }
  const words = legend.flatMap(([label]) => (label === '' ? [] : [label.split(' ')[0] as string]))
  for (const { title } of columns) expect(words).toContain(title(0).split(' ')[0])
})

test('colours change nothing but colours', () => {
  for (const [, figures, shown, size] of captures) {
    for (const line of screen(figures, shown, size)) {
      expect(stripVTControlCharacters(paint(line, true)).trimEnd()).toBe(paint(line, false))
    }
  }
  const colored = screen(figuresAfter(75, one), { ...view, isPaused: true }, { columns: 80, rows: 24 })
    .map((line) => paint(line, true))
    .join('\n')
  expect(colored).toContain('\u001b[7m SCREEN PAUSED \u001b[27m')
  expect(colored).toContain('\u001b[32m  watching  \u001b[39m')
})

test('no line is wider than the terminal, nor more lines than it has rows, whatever is shown', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(
      'pods',
      '容器组-集群-工作负载-名称',
      '👩‍👩‍👧‍👦-family',
      'é́́́',
      refused.advice,
      '\u001b[2J\n\n',
      'a\u001b[31mb',
    ),
  )
  const number = fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 1e12 }))
  const resource = fc.record({
    resource: text,
    state: fc.constantFrom('watching', 'syncing', 'relisting', 'forbidden'),
    error: fc.option(text, { nil: undefined }),
    advice: fc.option(text, { nil: undefined }),
    attempt: number,
    isListed: fc.boolean(),
    hasSynced: fc.boolean(),
    objects: number,
    initialPending: number,
    queueBytes: number,
    received: number,
    lagMs: fc.option(fc.record({ p50: number, p99: number, max: number })),
  })
  fc.assert(
    fc.property(
      fc.array(resource, { minLength: 1, maxLength: 12 }),
      fc.record({ columns: fc.integer({ min: 1, max: 200 }), rows: fc.integer({ min: 1, max: 60 }) }),
      fc.record({
        server: text,
        scope: text,
        failure: fc.option(
          fc.record({ resource: text, key: text, text, count: number, atMs: fc.constant(1_000) }),
          { nil: undefined },
        ),
        notice: fc.option(text, { nil: undefined }),
        isPaused: fc.boolean(),
        hasHelp: fc.boolean(),
        phase: fc.constantFrom('watching', 'ending', 'ended'),
      }),
      (resources, size, more) => {
        const samples = resources.map((each) => following(each as Partial<ResourceSample>))
        const lines = screen(
          figuresAfter(2, () => samples),
          { ...view, ...(more as Partial<View>) },
          size,
        )
        expect(lines.length).toBeLessThanOrEqual(Math.max(1, size.rows - 1))
        for (const line of lines) {
          expect(widthOf(textOf(line))).toBeLessThanOrEqual(Math.max(1, size.columns - 1))
          expect(textOf(line)).toBe(printable(textOf(line)))
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('what does not fit is counted, what fails comes first', () => {
  const shownOf = (failing: (i: number) => boolean) => {
    const figures = figuresAfter(1, () =>
      Array.from({ length: 30 }, (_, i) =>
        following({
          resource: `r${i}`,
          ...(failing(i) && { state: 'forbidden', error: `no \u001b[31m${i}` }),
        }),
      ),
    )
    const lines = screen(figures, view, { columns: 80, rows: 24 }).map(textOf)
    return { lines, rows: lines.filter((line) => /^r\d/.test(line)) }
  }
  const single = shownOf((i) => i === 29)
  expect(single.rows[0]).toMatch(/^r29 /)
  expect(single.lines).toContain(`… and ${30 - single.rows.length} more, all synced`)
  expect(single.lines.join('\n')).toContain('29 of 30 synced, 1 forbidden')
  const all = shownOf(() => true)
  const hidden = 30 - all.rows.length
  expect(all.lines).toContain(
    `… and ${hidden} more, ${hidden} with an error: r${30 - hidden}: no ${30 - hidden}`,
  )
})

test('a row that does not follow claims nothing that only a row that follows has', () => {
  const rowsOf = (figures: Figures, phase: View['phase'] = 'watching') =>
    screen(figures, { ...view, phase }, { columns: 160, rows: 50 })
      .map(textOf)
      .join('\n')
  const down = rowsOf(figuresAfter(30, outage))
  expect(down).toMatch(/^pods +retrying +20,000 +0 .* – +– +0 +0 +12 +0 +1$/m)
  expect(down).toContain('! down 9s, try 4: connect ECONNREFUSED 10.0.0.1:6443\n')
  expect(down).toContain('  recovered 2s ago; was: connect ECONNREFUSED 10.0.0.1:6443\n')
  expect(down).toContain('  ! down 9s, coming back; was: connect ECONNREFUSED 10.0.0.1:6443\n')
  expect(down).toContain('\n1 of 3 synced, 1 retrying, 1 relisting · ')
  // Advice is for whoever may have given a wrong address.
  expect(down).not.toContain('Check --server')
  for (const phase of ['ending', 'ended'] as const) {
    const over = rowsOf(figuresAfter(30, outage), phase)
    expect(over).toMatch(/^nodes +stopped +120 +– /m)
    expect(over).not.toMatch(/ (watching|retrying|relisting) |changes\/s$|synced/m)
  }
})

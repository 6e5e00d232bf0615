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
const refused =
  'connect ECONNREFUSED 10.0.0.1:6443 – is the API server running at https://10.0.0.1:6443? Check --server, --kubeconfig, --context'

const one = (second: number) => [following({ delivered: 20_000 + wave(second, 2_000) })]
const three = (second: number) => [
  ...one(second),
  following({ resource: 'nodes', objects: 120, delivered: 120 + wave(second, 7), lagMs: null, merged: 0 }),
  following({ resource: deployments, objects: 1_000, delivered: 1_000, queueCount: 0, bufferCount: 0 }),
]

/** Name of the capture, what it shows. */
const scenes: readonly (readonly [string, Figures, Partial<View>])[] = [
  ['one-syncing', figuresAfter(3, (second) => [syncing({ bytesRead: second * 30_000_000 })]), {}],
  ['one-following', figuresAfter(75, one), {}],
  ['one-paused', figuresAfter(75, one), { isPaused: true }],
  ['one-help', figuresAfter(75, one), { hasHelp: true }],
  [
    'three-syncing',
    figuresAfter(3, (second) => [
      syncing({ received: 5_000 * second, bytesRead: second * 30_000_000 }),
      syncing({ resource: 'nodes', isListed: true, state: 'watching', objects: 120, initialPending: 45 }),
      syncing({
        resource: deployments,
        state: 'waiting',
        objects: 0,
        delivered: 0,
        received: 0,
        bytesRead: 0,
      }),
    ]),
    {},
  ],
  ['three-following', figuresAfter(75, three), {}],
  [
    'three-retrying',
    figuresAfter(30, (second) => {
      const [pods, nodes, others] = three(Math.min(second, 20)) as [
        ResourceSample,
        ResourceSample,
        ResourceSample,
      ]
      return [
        second > 20 ? { ...pods, state: 'retrying', error: refused } : pods,
        second > 20 && second < 24 ? { ...nodes, state: 'retrying', error: refused } : nodes,
        second > 20
          ? { ...others, state: 'relisting', relists: 1, received: 20_000 + (second - 21) * 80 }
          : others,
      ]
    }),
    {},
  ],
  [
    'three-ending',
    figuresAfter(20, three),
    { phase: 'ending', notice: 'handler of pods default/web-1: Error: \u001b[31mno such thing' },
  ],
  [
    'many-following',
    figuresAfter(5, (second) =>
      Array.from({ length: 24 }, (_, i) =>
        following({
          resource: `example.com/v1/a-custom-resource-with-a-long-name-${i}`,
          delivered: wave(second, i),
          ...(i % 10 === 9 && { state: 'forbidden', error: 'a-custom-resource is forbidden: User "x"' }),
        }),
      ),
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
    fc.constantFrom('pods', '容器组-集群-工作负载-名称', '👩‍👩‍👧‍👦-family', 'é́́́', refused, '\u001b[2J\n\n'),
  )
  const number = fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 1e12 }))
  const resource = fc.record({
    resource: text,
    state: fc.constantFrom('watching', 'syncing', 'relisting', 'forbidden'),
    error: fc.option(text, { nil: undefined }),
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

test('what does not fit is counted, with what is wrong of it', () => {
  const figures = figuresAfter(1, () =>
    Array.from({ length: 30 }, (_, i) =>
      following({ resource: `r${i}`, ...(i === 29 && { state: 'forbidden', error: 'no' }) }),
    ),
  )
  const lines = screen(figures, view, { columns: 80, rows: 24 }).map(textOf)
  const shown = lines.filter((line) => /^r\d/.test(line)).length
  expect(lines).toContain(`… and ${30 - shown} more, 1 of them with an error`)
})

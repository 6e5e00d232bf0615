import { PassThrough } from 'node:stream'
import { afterEach, expect, test } from 'vitest'
import { nodeRuntime } from '../../../src/base/runtime.ts'
import { LineWriter } from '../../../src/cli/line-writer.ts'
import { keysIn } from '../../../src/cli/live/keys.ts'
import { LiveOutput } from '../../../src/cli/live/live-output.ts'
import { run } from '../../../src/cli/run.ts'
import { EmulatedTerminal } from '../../support/emulated-terminal.ts'
import { until } from '../../support/until.ts'
import { following, runSample, view } from './samples.ts'

const running: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of running.splice(0)) await stop()
})

/** The real command on real threads and a real server; only the terminal is an emulated one. */
function start(line: string, size: { readonly columns: number; readonly rows: number }) {
  const interrupt = new AbortController()
  const terminal = new EmulatedTerminal(size, (signal) => {
    if (signal === 'SIGINT') interrupt.abort()
  })
  const errors = new PassThrough()
  const stderr = () => String(errors.read() ?? '')
  const streams = { stdout: terminal.stream, stderr: errors, terminal }
  const ended = run(line.split(' '), streams, interrupt.signal)
  running.push(() => {
    interrupt.abort()
    return ended
  })
  return { terminal, ended, stderr }
}

function expectRestored(terminal: EmulatedTerminal): void {
  const { isCursorHidden, listeners, keyboard } = terminal
  const { isRaw, isReading } = keyboard
  expect({ isCursorHidden, isRaw, isReading, listeners }).toEqual({
    isCursorHidden: false,
    isRaw: false,
    isReading: false,
    listeners: 0,
  })
}

const heads = (terminal: EmulatedTerminal) => terminal.text.match(/^kube-informer/gm)?.length

test('a person watches, pauses, resizes, suspends, asks, quits: one frame in place, the summary below', async () => {
  const { terminal, ended, stderr } = start(
    'watch pods,nodes --embedded --objects 40 --rate 100 --threads 1',
    { columns: 80, rows: 30 },
  )
  await until(() => /^pods +watching +\d+ +[1-9]/m.test(terminal.text), 'changes on the screen', 30_000)
  await until(() => /^nodes +watching +2 /m.test(terminal.text), 'the nodes', 30_000)
  expect(terminal.text).toMatch(/^kube-informer {2}http:\/\/127\.0\.0\.1:\d+ .* up \d+s$/m)
  expect({ raw: terminal.keyboard.isRaw, hidden: terminal.isCursorHidden }).toEqual({
    raw: true,
    hidden: true,
  })

  terminal.press('p')
  await until(() => terminal.text.includes('SCREEN PAUSED'), 'the pause')
  const frozen = terminal.text
  // Long enough for other figures: what is drawn anew is still what was paused.
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  terminal.press('?')
  await until(() => terminal.text.includes('in the last second, lists included'), 'the meanings')
  terminal.press('?')
  await until(() => terminal.text.includes('changes/s'), 'the figures')
  await until(() => terminal.text === frozen, 'the paused figures')
  terminal.press(' ')
  await until(() => !terminal.text.includes('PAUSED'), 'the end of the pause')

  terminal.resize(60, 26)
  await until(() => terminal.text.includes('what the …'), 'a frame that fits')
  expect({ heads: heads(terminal), wrapped: terminal.wrappedLines }).toEqual({ heads: 1, wrapped: 0 })
  terminal.resize(120, 30)
  await until(() => /what the numbers mean$/m.test(terminal.text), 'a wide frame')
  expect(heads(terminal)).toBe(1)

  terminal.press('?')
  await until(() => terminal.text.includes('in the last second, lists included'), 'the meanings')
  terminal.press('?')
  await until(() => /^pods/m.test(terminal.text), 'the figures again')

  terminal.press('\u001a')
  expect(terminal.raised).toEqual(['SIGTSTP'])
  await until(() => !terminal.isCursorHidden, 'the cursor')
  expect(terminal.keyboard.isRaw).toBe(false)
  const left = terminal.text
  // As long as a few frames: what is suspended may still run for a moment.
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(terminal.text).toBe(left)
  terminal.emit('continue')
  await until(() => heads(terminal) === 2, 'a new frame below what the shell wrote')
  expect(terminal.keyboard.isRaw).toBe(true)

  terminal.press('q')
  expect(await ended).toBe(0)
  await until(() => terminal.text.includes('\naudit'), 'the summary')
  expect(terminal.text).toMatch(
    /pods +stopped[\s\S]*\nobjects +\d+ pods, nodes\n[\s\S]*\naudit +ok: true, compared: \d+/,
  )
  expect(terminal.text).not.toMatch(/ENDING|q quits[\s\S]*q quits/)
  expect(stderr()).toBe('')
  expectRestored(terminal)
})

test('a server that cannot be reached: the view vanishes, one line is left', async () => {
  const { terminal, ended, stderr } = start('watch pods,nodes --server http://127.0.0.1:1', {
    columns: 80,
    rows: 24,
  })
  expect(await ended).toBe(1)
  await until(() => terminal.text === '', 'an empty screen')
  expect(stderr()).toMatch(/^error: .*ECONNREFUSED.*is the API server running.*\n$/)
  expectRestored(terminal)
})

test('a crash leaves the terminal as it was', async () => {
  const { terminal, ended } = start('watch pods --embedded --objects 1 --threads 0 -n default -l app=shop', {
    columns: 80,
    rows: 24,
  })
  await until(() => terminal.isCursorHidden, 'a frame', 30_000)
  await until(() => terminal.text.includes('-n default -l app=shop'), 'what is watched')
  terminal.emit('exit')
  expect(terminal.keyboard.isRaw).toBe(false)
  await until(() => !terminal.isCursorHidden, 'the cursor')
  terminal.raise('SIGINT')
  expect(await ended).toBe(0)
})

test('handlers that fail: the newest failure, and how many there were', async () => {
  const terminal = new EmulatedTerminal({ columns: 80, rows: 24 })
  let nowMs = 10_000
  const output = new LiveOutput({
    terminal,
    out: new LineWriter(terminal.stream, () => {}),
    server: 'http://x',
    scope: '',
    clock: view.clock,
    hasColor: false,
    startedAtMs: 0,
    runtime: { ...nodeRuntime, nowMs: () => nowMs },
  })
  output.notice('of the first', { resource: 'nodes', key: 'a', text: 'no' })
  output.notice('of the second', { resource: 'pods', key: 'default/web-1', text: '\u001b[31mno such\nthing' })
  nowMs = 12_000
  output.sample(runSample(nowMs, following()))
  const line = '! handler failed on pods default/web-1 (2 in all, last 2s ago): no such thing'
  await until(() => terminal.text.includes(line), 'the failure')
  expect(terminal.text).not.toMatch(/of the (first|second)/)
  output.close()
  await until(() => !terminal.isCursorHidden, 'the cursor')
  expectRestored(terminal)
})

test('keys: single ones, several at once, none of escape codes', () => {
  expect(keysIn('q')).toEqual(['quit'])
  expect(keysIn('p \u0003')).toEqual(['pause', 'pause', 'interrupt'])
  expect(keysIn('\u001b[p')).toEqual([])
  expect(keysIn('xyz0constructor')).toEqual([])
})

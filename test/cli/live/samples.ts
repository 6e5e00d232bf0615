import { type Figures, Model } from '../../../src/cli/live/model.ts'
import type { View } from '../../../src/cli/live/screen.ts'
import type { ResourceSample, RunSample } from '../../../src/cli/sample.ts'

/** A resource that follows, with some of everything. */
export function following(more: Partial<ResourceSample> = {}): ResourceSample {
  return {
    resource: 'pods',
    state: 'watching',
    error: undefined,
    advice: undefined,
    attempt: 0,
    isListed: true,
    hasSynced: true,
    objects: 20_000,
    initialPending: 0,
    delivered: 20_000,
    received: 20_000,
    bytesRead: 150_000_000,
    merged: 12,
    relists: 0,
    reconnects: 1,
    queueCount: 3,
    queueBytes: 4_300,
    bufferCount: 17,
    lagMs: { p50: 0.41, p99: 4.2, max: 11 },
    ...more,
  }
}

export function syncing(more: Partial<ResourceSample> = {}): ResourceSample {
  return following({
    state: 'syncing',
    isListed: false,
    hasSynced: false,
    objects: 12_345,
    delivered: 0,
    received: 12_348,
    bytesRead: 98_000_000,
    merged: 0,
    reconnects: 0,
    bufferCount: 0,
    lagMs: null,
    ...more,
  })
}

export function runSample(atMs: number, ...resources: readonly ResourceSample[]): RunSample {
  const objects = resources.reduce((sum, each) => sum + each.objects, 0)
  const slabBytes = objects * 2_300
  return {
    atMs,
    resources,
    process: {
      cpuMs: atMs * (objects === 0 ? 0.03 : 1.43),
      loopDelayMs: { p99: 0.34, max: 4.1 },
      rssBytes: 118_000_000 + 2 * slabBytes,
      heapUsedBytes: 31_000_000,
      slabBytes,
      threads: 2,
    },
  }
}

/** The figures after `seconds`, one sample a second, each made of what `at` says of that second. */
export function figuresAfter(seconds: number, at: (second: number) => readonly ResourceSample[]): Figures {
  const model = new Model(0)
  let figures = model.add(runSample(0, ...at(0)))
  for (let second = 1; second <= seconds; second++)
    figures = model.add(runSample(second * 1_000, ...at(second)))
  return figures
}

/** Changes a second that go up and down, always the same. */
export function wave(second: number, high: number): number {
  let delivered = 0
  for (let i = 1; i <= second; i++) delivered += Math.round((high / 2) * (1 + Math.sin(i / 3)))
  return delivered
}

export const view: View = {
  server: 'https://10.0.0.1:6443',
  scope: '',
  clock: (atMs) => new Date(Date.UTC(2026, 0, 1, 17, 3) + atMs).toISOString().slice(11, 19),
  phase: 'watching',
  isPaused: false,
  hasHelp: false,
  hasKeys: true,
  notice: undefined,
  failure: undefined,
}

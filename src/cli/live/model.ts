import type { ResourceSample, RunSample } from '../sample.ts'

/** What is known of how far an initial list, or a later one, is. */
export type Progress =
  /** A list is coming in; nobody knows how long it is. */
  | { readonly kind: 'listing' }
  /** All of it is cached, the handler has finished `done` of `total`. */
  | { readonly kind: 'handling'; readonly done: number; readonly total: number }
  /** `read` of a list that replaces the `cached` objects of before: it may be longer or shorter. */
  | { readonly kind: 'relisting'; readonly read: number; readonly cached: number }

export interface Trouble {
  readonly text: string
  readonly advice: string | undefined
  /** Failed attempts in a row. */
  readonly attempt: number
  /** now: it fails; returning: it fails no more, and does not follow yet; over: it follows. */
  readonly phase: 'now' | 'returning' | 'over'
  /** How long it has been over, or else how long it has lasted. */
  readonly ageMs: number
}

/** One resource as it is shown: the sample, and what only several samples tell. */
export interface ResourceFigures extends ResourceSample {
  readonly changesPerSecond: number
  readonly receivedPerSecond: number
  readonly bytesPerSecond: number
  /** Changes per second of the last seconds, the newest last. */
  readonly history: readonly number[]
  /** undefined: no list is under way. */
  readonly progress: Progress | undefined
  readonly trouble: Trouble | undefined
}

export interface Figures {
  readonly atMs: number
  readonly uptimeMs: number
  readonly resources: readonly ResourceFigures[]
  readonly objects: number
  readonly changesPerSecond: number
  /** Of all threads; 100: one core. */
  readonly cpuPercent: number
  readonly process: RunSample['process']
}

const rateWindowMs = 1_000
export const historySecondsMax = 60
/** How long trouble that is over is still shown. */
const troubleMs = 60_000

/** Makes figures of samples. Pure but for what it remembers: times come with the samples. */
export class Model {
  readonly #startedAtMs: number
  readonly #recent: RunSample[] = []
  readonly #tracks = new Map<string, Track>()
  #second = 0

  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs
  }

  /** Samples come in the order of their times. */
  add(sample: RunSample): Figures {
    this.#recent.push(sample)
    // The newest that is a whole window old stays as the base; counters start from nothing.
    while (this.#recent.length > 2 && (this.#recent[1] as RunSample).atMs <= sample.atMs - rateWindowMs) {
      this.#recent.shift()
    }
    const base = this.#recent.length > 1 ? this.#recent[0] : undefined
    const uptimeMs = sample.atMs - this.#startedAtMs
    const seconds = Math.max(1, sample.atMs - (base?.atMs ?? this.#startedAtMs)) / 1000
    const second = Math.floor(uptimeMs / 1000)
    const ended = second - this.#second
    this.#second = second
    const resources = sample.resources.map((each, i): ResourceFigures => {
      const before = base?.resources[i]
      const track = this.#track(each.resource)
      track.take(each, ended, sample.atMs)
      return {
        ...each,
        changesPerSecond: (each.delivered - (before?.delivered ?? 0)) / seconds,
        receivedPerSecond: (each.received - (before?.received ?? 0)) / seconds,
        bytesPerSecond: (each.bytesRead - (before?.bytesRead ?? 0)) / seconds,
        history: [...track.history],
        progress: track.progress(each),
        trouble: track.trouble(each, sample.atMs),
      }
    })
    return {
      atMs: sample.atMs,
      uptimeMs,
      resources,
      objects: resources.reduce((sum, { objects }) => sum + objects, 0),
      changesPerSecond: resources.reduce((sum, { changesPerSecond }) => sum + changesPerSecond, 0),
      cpuPercent: (sample.process.cpuMs - (base?.process.cpuMs ?? 0)) / seconds / 10,
      process: sample.process,
    }
  }

  #track(resource: string): Track {
    const found = this.#tracks.get(resource) ?? new Track()
    this.#tracks.set(resource, found)
    return found
  }
}

/** What is remembered of one resource. */
class Track {
  readonly history: number[] = []
  #deliveredAtSecond = 0
  /** `received` when the relist began. */
  #relistFrom: { readonly received: number; readonly objects: number } | undefined
  #failing: ResourceSample | undefined
  #failingFromMs = 0
  #recoveredAtMs: number | undefined

  take(sample: ResourceSample, secondsEnded: number, atMs: number): void {
    if (secondsEnded > 0) {
      const rate = (sample.delivered - this.#deliveredAtSecond) / secondsEnded
      this.#deliveredAtSecond = sample.delivered
      // A blocked process misses seconds: what came in them is spread over them.
      const count = Math.min(secondsEnded, historySecondsMax)
      this.history.push(...Array.from({ length: count }, () => rate))
      this.history.splice(0, this.history.length - historySecondsMax)
    }
    if (sample.state !== 'relisting') this.#relistFrom = undefined
    else this.#relistFrom ??= sample
    if (sample.error !== undefined) {
      if (this.#failing === undefined || this.#recoveredAtMs !== undefined) this.#failingFromMs = atMs
      this.#failing = sample
      this.#recoveredAtMs = undefined
    } else if (sample.state === 'watching') {
      // A list that comes in has no error any more, and the cache is as old as before.
      this.#recoveredAtMs ??= atMs
    }
  }

  progress({
    isListed,
    hasSynced,
    objects,
    initialPending,
    received,
    state,
  }: ResourceSample): Progress | undefined {
    if (this.#relistFrom !== undefined) {
      const { received: before, objects: cached } = this.#relistFrom
      return { kind: 'relisting', read: received - before, cached }
    }
    if (hasSynced) return undefined
    if (isListed) return { kind: 'handling', done: Math.max(0, objects - initialPending), total: objects }
    return state === 'syncing' || state === 'stalled' ? { kind: 'listing' } : undefined
  }

  trouble({ error: current }: ResourceSample, nowMs: number): Trouble | undefined {
    if (this.#failing?.error === undefined) return undefined
    const { error: text, advice, attempt } = this.#failing
    const recoveredAtMs = this.#recoveredAtMs
    const ageMs = nowMs - (recoveredAtMs ?? this.#failingFromMs)
    if (recoveredAtMs !== undefined && ageMs > troubleMs) return undefined
    const phase = recoveredAtMs !== undefined ? 'over' : current === undefined ? 'returning' : 'now'
    return { text, advice, attempt, phase, ageMs }
  }
}

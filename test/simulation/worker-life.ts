import type { CacheEpoch } from '../../src/indexer/cache-epoch.ts'
import type { BatchMarker } from '../../src/protocol/batch-format.ts'
import type { DictionaryEpoch } from '../../src/protocol/dictionary-epoch.ts'
import { parseResourceVersion } from '../../src/protocol/resource-version.ts'
import type { BatchPort } from '../../workers/batch-port.ts'
import type { BatchWriter } from '../../workers/batch-writer.ts'
import { type DeltaQueue, QueueMarker } from '../../workers/delta-queue.ts'
import type { Intake } from '../../workers/intake.ts'
import type { JsonTranscoder } from '../../workers/transcode/json-transcoder.ts'
import type { CacheContract } from './cache-contract.ts'
import type { BatchFacts } from './cache-story.ts'
import { violate } from './contract-violation.ts'
import { columns, type ModelServer } from './model-server.ts'
import type { Random } from './random.ts'
import { Reading, type ReadingFaults } from './reading.ts'
import type { Stages } from './stages.ts'
import { type VirtualClock, VirtualThread } from './virtual-time.ts'

/** A batch between the threads. */
export interface Posted {
  readonly incarnation: number
  readonly buffer: ArrayBuffer
  readonly facts: BatchFacts
  readonly markers: readonly BatchMarker[]
  /** Newest version in it beside those of objects. */
  readonly controlVersionMax: number
  /** Resets declared before it was sent; the last one's marker is in here if `isReset`. */
  readonly resetNumber: number
  readonly isReset: boolean
}

export interface WorkerShape {
  readonly creditBytes: number
  readonly rowCountMax: number
  readonly slabBytes: number
  /** false: the schedule itself decides when a batch is written, one at a time. */
  readonly withPort: boolean
  /** Dictionaries are begun anew all the time, as if they were full of strings that nobody uses any more. */
  readonly hasShortEpochs: boolean
}

export interface WorkerLifeOptions {
  readonly stages: Stages
  readonly random: Random
  readonly clock: VirtualClock
  readonly server: ModelServer
  readonly contract: CacheContract<CacheEpoch>
  readonly shape: WorkerShape
  readonly incarnation: number
  readonly firstGeneration: number
  readonly resumeVersion: string | undefined
  readonly knownVersion: number
  readonly faults: ReadingFaults
  readonly startsExpired: boolean
  readonly watchFromHighestPage: boolean
  readonly post: (posted: Posted) => void
  readonly onReset: () => void
  /** A list is complete; its newest page. */
  readonly onListEnded: (highestVersion: number) => void
  readonly lagFloor: number
  readonly onRule: (rule: string) => void
  readonly log: (line: string) => void
}

/** One incarnation of a watch: reading, queue, writer and port on a thread of their own, until it dies. */
export class WorkerLife {
  readonly reading: Reading
  readonly thread: VirtualThread
  readonly #options: WorkerLifeOptions
  readonly #queue: DeltaQueue<DictionaryEpoch>
  readonly #writer: BatchWriter<DictionaryEpoch>
  readonly #port: BatchPort<DictionaryEpoch> | undefined
  readonly #intake: Intake
  #creditBytes: number

  constructor(options: WorkerLifeOptions) {
    this.#options = options
    const { stages, random, clock, server, contract, shape } = options
    this.thread = new VirtualThread(clock, random)
    const resume = options.resumeVersion
    this.#queue = new stages.DeltaQueue<DictionaryEpoch>({
      firstGeneration: options.firstGeneration,
      ...(resume !== undefined && { resumeVersion: parseResourceVersion(resume) }),
      slabBytes: shape.slabBytes,
      onRule: options.onRule,
    })
    const transcoder = (firstEpoch: number): JsonTranscoder => {
      const hashKey = [random.below(3), options.incarnation] as const
      return new stages.JsonTranscoder({ fields: {}, columns, hashKey, firstEpoch })
    }
    this.#intake = new stages.Intake({
      transcoder: shape.hasShortEpochs ? renewing(transcoder, random) : transcoder(0),
      queue: this.#queue,
      nowMs: () => this.thread.nowMs(),
      onRefused: () => {},
    })
    this.#writer = new stages.BatchWriter<DictionaryEpoch>(this.#queue, {
      incarnation: options.incarnation,
      rowCountMax: shape.rowCountMax,
    })
    this.#creditBytes = shape.creditBytes
    if (shape.withPort) {
      this.#port = new stages.BatchPort<DictionaryEpoch>({
        queue: this.#queue,
        writer: this.#writer,
        runtime: this.thread,
        creditBytes: shape.creditBytes,
        post: (buffer) => this.#post(buffer),
      })
    }
    this.reading = new Reading({
      server,
      sink: this.#intake,
      random,
      observer: {
        offered: (kind, state, isRepeat) => contract.offered(kind, state, isRepeat),
        lost: (state, generation) => contract.lost(state, generation),
        brokenEnd: (state) => contract.brokenEnd(state),
        listStarted: (_generation, reset) => {
          contract.listStarted(reset)
          if (reset) options.onReset()
        },
        listEnded: (generation, repaired, highest) => {
          contract.listEnded(generation, repaired)
          options.onListEnded(highest)
        },
        log: options.log,
      },
      ...(resume !== undefined && { resumeVersion: server.versionOf(resume) }),
      knownVersion: options.knownVersion,
      faults: options.faults,
      lagFloor: options.lagFloor,
      watchFromHighestPage: options.watchFromHighestPage,
    })
    if (options.startsExpired) this.reading.relist()
  }

  get isIdle(): boolean {
    return this.reading.isIdle && this.#queue.isEmpty
  }

  /** Some bytes arrive from the server. */
  read(steps: number): void {
    this.#intake.chunkStarts()
    for (let i = 0; i < steps; i++) this.reading.step()
    this.#port?.touched(steps * 300)
  }

  /** Sends one batch, if the schedule is the port. */
  flush(): boolean {
    if (this.#port !== undefined) return false
    const head = this.#queue.head
    if (this.#creditBytes <= 0 && !(head instanceof QueueMarker && head.reset)) return false
    const buffer = this.#writer.write()
    if (buffer === undefined) return false
    this.#creditBytes -= buffer.byteLength
    this.#post(buffer)
    return true
  }

  credit(bytes: number, buffers: readonly ArrayBuffer[]): void {
    if (this.#port !== undefined) this.#port.credit(bytes, buffers)
    else {
      for (const buffer of buffers) this.#writer.recycle(buffer)
      this.#creditBytes += bytes
    }
  }

  die(): void {
    this.#port?.close()
    this.thread.kill()
  }

  /** At rest nothing may be left behind: no record in the queue's slabs, no credit on its way. */
  checkAtRest(): void {
    const credit = this.#port?.creditBytes ?? this.#creditBytes
    if (credit !== this.#options.shape.creditBytes) {
      violate('credit', `${credit} of ${this.#options.shape.creditBytes} bytes came back`)
    }
    const { store } = this.#queue
    if (store.liveBytes !== 0 || this.#queue.count !== 0) {
      violate('queue', `${store.liveBytes} bytes left in an empty queue`)
    }
  }

  #post(buffer: ArrayBuffer): void {
    const { stages, server, contract, incarnation } = this.#options
    const batch = new stages.Batch(buffer)
    const starts = new Int32Array(batch.rowCount + 1)
    batch.readKeys(starts)
    const keys = Array.from({ length: batch.rowCount }, (_, i) =>
      batch.bytes.toString('utf8', starts[i], starts[i + 1]),
    )
    // A row across two epochs is two: its other half, at the head now, was told by the same events.
    const head = this.#queue.head
    const facts = contract.posted(keys, head instanceof QueueMarker ? undefined : head?.key)
    const { markers, safe } = batch.header
    const texts = [...markers.flatMap(({ version, knownVersion }) => [version, knownVersion]), safe]
    this.#options.log(
      `queue: batch of ${keys.join(' ') || 'no rows'}; ${markers.map(markerText).join(' ')} safe ${safe ?? '-'}`,
    )
    this.#options.post({
      incarnation,
      buffer,
      facts,
      markers,
      controlVersionMax: Math.max(
        0,
        ...texts.map((text) => (text === undefined ? 0 : server.versionOf(text))),
      ),
      resetNumber: contract.resetNumber,
      isReset: markers.some((marker) => marker.reset === true),
    })
  }
}

/** A transcoder that begins a new epoch every dozen objects. */
function renewing(make: (epoch: number) => JsonTranscoder, random: Random): JsonTranscoder {
  let current = make(0)
  return new Proxy(current, {
    get(_target, property) {
      if (property === 'prepare' && random.chance(0.08)) current = make(current.epoch.number + 1)
      const value: unknown = Reflect.get(current, property, current)
      return typeof value === 'function' ? value.bind(current) : value
    },
    set: (_target, property, value) => Reflect.set(current, property, value, current),
  })
}

function markerText(marker: BatchMarker): string {
  return `${marker.row}:${marker.kind}(${marker.generation}${marker.reset === true ? ', reset' : ''})`
}

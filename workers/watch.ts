import { type MessagePort, threadId } from 'node:worker_threads'
import { RateLimit } from '../src/base/rate-limit.ts'
import type { Runtime, Timer } from '../src/base/runtime.ts'
import { KubeInformerError } from '../src/errors.ts'
import type { DictionaryEpoch } from '../src/protocol/dictionary-epoch.ts'
import { toWireError, type WireError } from '../src/protocol/error-wire.ts'
import { MemoryBudget } from '../src/protocol/memory-budget.ts'
import type { FromWatch, ReflectorNote, ToWatch, WatchCounters, WatchSpec } from '../src/protocol/messages.ts'
import { parseResourceVersion } from '../src/protocol/resource-version.ts'
import { BatchPort } from './batch-port.ts'
import { BatchWriter } from './batch-writer.ts'
import { HttpTransport } from './connection.ts'
import { DeltaQueue } from './delta-queue.ts'
import { Intake } from './intake.ts'
import { ReflectorDriver } from './reflector/driver.ts'
import { Refusals } from './refusals.ts'
import { SourceTransport } from './source-transport.ts'
import { SplitTransport } from './split-transport.ts'
import { JsonTranscoder } from './transcode/json-transcoder.ts'
import { Transform } from './transform.ts'
import { TransformLoader } from './transform-loader.ts'
import type { TransformStrays } from './transform-strays.ts'
import type { Transport } from './transport.ts'

/** How often main hears of counters; they are for people and probes, nothing waits for them. */
const countersMs = 500

/**
 * One watch, all its stages: built, joined, and driven by what main says on `port`. Resolves when it has stopped, with
 * no socket, timer or listener left; the port is closed. Everything it holds is counted in the engine's memory budget.
 */
export function runWatch(
  spec: WatchSpec,
  port: MessagePort,
  runtime: Runtime,
  strays?: TransformStrays,
): Promise<void> {
  return new Promise((resolve) => {
    const watch = new Watch(spec, port, runtime, resolve)
    if (strays !== undefined && spec.transform !== undefined) watch.hear(strays, spec.transform)
    watch.start()
  })
}

class Watch {
  readonly #spec: WatchSpec
  readonly #port: MessagePort
  readonly #runtime: Runtime
  readonly #resolve: () => void
  readonly #queue: DeltaQueue<DictionaryEpoch>
  readonly #batchPort: BatchPort<DictionaryEpoch>
  readonly #transport: Transport
  readonly #http: HttpTransport | undefined
  readonly #source: SourceTransport | undefined
  readonly #driver: ReflectorDriver
  readonly #loader: TransformLoader | undefined
  readonly #memory: MemoryBudget
  readonly #refusals = new Refusals((refusal) => this.#post(refusal))
  #countersTimer: Timer | undefined
  #unhear: (() => void) | undefined
  #queueBytesPeak = 0
  #isFull = false
  #stopped = false

  constructor(spec: WatchSpec, port: MessagePort, runtime: Runtime, resolve: () => void) {
    this.#spec = spec
    this.#port = port
    this.#runtime = runtime
    this.#resolve = resolve
    this.#memory = new MemoryBudget(spec.memory.shared)
    const resumeVersion =
      spec.resumeVersion === undefined ? undefined : parseResourceVersion(spec.resumeVersion)
    this.#queue = new DeltaQueue<DictionaryEpoch>({
      firstGeneration: spec.firstGeneration,
      ...(resumeVersion !== undefined && { resumeVersion }),
    })
    this.#batchPort = new BatchPort({
      queue: this.#queue,
      writer: new BatchWriter(this.#queue, { incarnation: spec.incarnation }),
      runtime,
      creditBytes: spec.bounds.inFlightBytesMax,
      post: (buffer) => {
        this.#post({ type: 'batch', incarnation: spec.incarnation, buffer }, [buffer])
        // In flight it counts as its whole buffer, which is more than its rows were in the queue.
        this.#memory.set(spec.memory.slot, this.#heldBytes)
      },
    })
    const intake = new Intake({
      transcoder: new JsonTranscoder({
        fields: spec.fields,
        columns: spec.columns,
        hashKey: [randomWord(runtime), randomWord(runtime)],
      }),
      queue: this.#queue,
      nowMs: () => runtime.nowMs(),
      onRefused: ({ error, ...refused }) =>
        this.#refusals.add({ type: 'refused', ...refused, error: toWireError(error) }),
    })
    if (spec.source !== 'all') {
      const { connection, compression, fields } = spec
      this.#http = new HttpTransport(connection, compression, runtime, fields.metadataOnly)
    }
    if (spec.source !== undefined) {
      this.#source = new SourceTransport({
        runtime,
        silenceMs: spec.timing.silenceMs,
        listMsMax: spec.timing.watchListTotalMs,
        post: (message) => this.#post(message),
        refused: (error, bytes, prefix) => intake.refused(error, bytes, prefix),
      })
    }
    this.#transport = transportOf(this.#source, this.#http)
    this.#driver = new ReflectorDriver({
      spec,
      runtime,
      transport: this.#transport,
      sink: intake,
      host: {
        setState: (state, error, attempt) =>
          this.#post({ type: 'state', state, attempt, ...(error && { error: this.#shown(error) }) }),
        noted: (note) => this.#post({ type: 'note', note: this.#shownNote(note) }),
        failed: (error, attempt) => this.#post({ type: 'failed', error: this.#shown(error), attempt }),
        requestConnection: () =>
          this.#post({ type: 'connection-request', connections: this.#driver.connectionsOfRequest }),
        requestPermit: () => this.#post({ type: 'sync-request' }),
        syncEnded: () => this.#post({ type: 'sync-end' }),
        chunkStarts: () => intake.chunkStarts(),
        chunkEnds: (bytes) => this.#chunkEnds(bytes),
        queuePressure: () => this.#pressure(),
        refused: (error, bytes, prefix) => intake.refused(error, bytes, prefix),
      },
    })
    if (spec.transform !== undefined) {
      this.#loader = new TransformLoader({
        url: spec.transform,
        runtime,
        timing: spec.timing,
        onLoaded: (transform) => {
          intake.transform = new Transform(transform, spec.bounds.frameBytesMax)
          this.#driver.start()
        },
        onFailed: (error, attempt) => {
          const told = toWireError(error)
          this.#post({ type: 'state', state: 'retrying', attempt, error: told })
          this.#post({ type: 'failed', attempt, error: told })
        },
      })
    }
  }

  start(): void {
    this.#port.on('message', (message: ToWatch) => this.#receive(message))
    this.#post({ type: 'started', incarnation: this.#spec.incarnation, threadId })
    this.#scheduleCounters()
    // Not one object must pass by the transform.
    if (this.#loader === undefined) this.#driver.start()
    else this.#loader.start()
  }

  /** What a transform left behind may fail with every object: it is told as one failure a minute. */
  hear(strays: TransformStrays, url: string): void {
    const limit = new RateLimit(() => this.#runtime.nowMs())
    this.#unhear = strays.add(url, (error) => {
      const untold = limit.pass(this, error.message)
      if (untold === undefined) return
      const more = untold > 0 ? ` (and ${untold} times since it was last told)` : ''
      const { code, message, cause } = error
      const told = new KubeInformerError(code, message + more, { cause })
      this.#post({ type: 'failed', attempt: 0, error: toWireError(told) })
    })
  }

  #receive(message: ToWatch): void {
    switch (message.type) {
      case 'credit':
        this.#batchPort.credit(message.bytes, message.buffers)
        this.#account()
        break
      case 'connection':
        this.#driver.connectionReady(message.connection)
        break
      case 'connection-failed':
        this.#driver.connectionFailed(message.error)
        break
      case 'refused-seen':
        this.#refusals.seen()
        break
      case 'sync-permit':
        this.#driver.permitGranted()
        break
      case 'relist':
        this.#driver.relist()
        break
      case 'stop':
        void this.#stop()
        break
      case 'source-opened':
      case 'source-data':
      case 'source-refused':
      case 'source-end':
      case 'source-error':
        this.#source?.receive(message)
        break
      default:
        message satisfies never
    }
  }

  /** What a server says in an answer that looks like a success is its own text, too: it may say our token. */
  #shown(error: KubeInformerError): WireError {
    const wire = toWireError(error)
    const { reason, continueToken, fields } = wire.facts
    const redact = (text: string): string => this.#http?.redact(text) ?? text
    return {
      ...wire,
      message: redact(wire.message),
      causes: wire.causes.map(redact),
      facts: {
        ...wire.facts,
        ...(reason !== undefined && { reason: redact(reason) }),
        ...(continueToken !== undefined && { continueToken: redact(continueToken) }),
        ...(fields !== undefined && { fields: fields.map(redact) }),
      },
    }
  }

  #shownNote({ error, ...note }: ReflectorNote<KubeInformerError>): ReflectorNote {
    return { ...note, ...(error && { error: this.#shown(error) }) }
  }

  /** A chunk went through all stages: let it out, count it, and stop reading if the queue is at its bound. */
  #chunkEnds(bytes: number): void {
    this.#batchPort.touched(bytes)
    this.#account()
  }

  /** In the queue, and sent but not applied yet. */
  get #heldBytes(): number {
    return this.#queue.bytes + this.#spec.bounds.inFlightBytesMax - this.#batchPort.creditBytes
  }

  #pressure(): 'open' | 'half' | 'full' {
    const { queueBytesMax } = this.#spec.bounds
    const { bytes } = this.#queue
    // Held by all watches together: whoever has the most to say stops; one that holds next to nothing reads on. What is
    // in flight counts: while main stands still, each watch would otherwise fill its whole credit window, too.
    const shared = this.#memory.bytes >= this.#spec.memory.bytesMax && this.#heldBytes > queueBytesMax / 64
    if (bytes >= queueBytesMax || shared) return 'full'
    return bytes * 2 >= queueBytesMax ? 'half' : 'open'
  }

  #account(): void {
    const { bytes } = this.#queue
    if (bytes > this.#queueBytesPeak) this.#queueBytesPeak = bytes
    this.#memory.set(this.#spec.memory.slot, this.#heldBytes)
    const isFull = this.#pressure() === 'full'
    if (this.#isFull && !isFull) this.#driver.queueDrained()
    this.#isFull = isFull
  }

  #scheduleCounters(): void {
    this.#countersTimer = this.#runtime.setTimer(countersMs, () => {
      this.#post({ type: 'counters', counters: this.#counters() })
      this.#scheduleCounters()
    })
  }

  #counters(): WatchCounters {
    const { counters, count, bytes } = this.#queue
    return {
      ...this.#driver.counters,
      events: counters.events,
      merged: counters.merged,
      droppedStale: counters.droppedStale,
      refused: this.#refusals.count,
      queueCount: count,
      queueBytes: bytes,
      queueBytesPeak: this.#queueBytesPeak,
      inFlightBytes: this.#spec.bounds.inFlightBytesMax - this.#batchPort.creditBytes,
    }
  }

  async #stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    this.#countersTimer?.cancel()
    this.#batchPort.close()
    this.#loader?.stop()
    this.#unhear?.()
    this.#driver.stop()
    await this.#transport.close()
    this.#memory.set(this.#spec.memory.slot, 0)
    this.#port.postMessage({ type: 'stopped', counters: this.#counters() } satisfies FromWatch)
    this.#port.close()
    this.#resolve()
  }

  #post(message: FromWatch, transfer: ArrayBuffer[] = []): void {
    if (!this.#stopped) this.#port.postMessage(message, transfer)
  }
}

function transportOf(source: SourceTransport | undefined, http: HttpTransport | undefined): Transport {
  if (source !== undefined && http !== undefined) return new SplitTransport(source, http)
  return (source ?? http) as Transport
}

function randomWord(runtime: Runtime): number {
  return Math.floor(runtime.random() * 2 ** 32) | 0
}

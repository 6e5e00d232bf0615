import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { Timer } from '../base/runtime.ts'
import { KubeInformerError } from '../errors.ts'
import { fromWireError } from '../protocol/error-wire.ts'
import type { FromWatch, ToWatch, WatchCounters, WatchSpec } from '../protocol/messages.ts'
import { BatchReader } from './batch-reader.ts'
import { ConnectionFeed } from './connection-feed.ts'
import { CreditReturn } from './credit-return.ts'
import type { Restartable } from './restart-gate.ts'
import { SourceServer } from './source-server.ts'
import { addCounters, emptyCounters } from './watch-counters.ts'
import type { WatchSessionOptions } from './watch-session-options.ts'
import { workerDied, workerSilent } from './worker-death.ts'

/** A worker that does not acknowledge a watch for so long is taken for dead. */
const startedTimeoutMs = 10_000
const credentialsRetryMs = 5_000
/** As long as a timer can be. */
const keepAliveMs = 2 ** 31 - 1

/**
 * Main's end of one watch: starts it on a thread, feeds its batches to the reader, answers its requests, and starts a
 * successor at the safe version when its thread dies. After `stop()` resolves its port is closed and nothing of it is
 * applied any more.
 */
export class WatchSession implements Restartable {
  readonly #options: WatchSessionOptions
  readonly reader: BatchReader
  readonly #credit: CreditReturn
  readonly #connections: ConnectionFeed
  #port: MessagePort | undefined
  #sourceServer: SourceServer | undefined
  #incarnation = 0
  /** The run whose end is no death. */
  #toldToStop = -1
  #threadId = -1
  #running: Promise<void> | undefined
  /** Stops under way. A run that began before they ended would lose its port to them. */
  #stopping: Promise<void> | undefined
  /** The newest attempt to start; an older one that still waits for credentials must not run beside it. */
  #launches = 0
  /** In a row: no credentials, or a worker that died; until the watch is well. What a worker tells has its own count. */
  #failures = 0
  /** Among them. */
  #lastDeath: KubeInformerError | undefined
  #startedTimer: Timer | undefined
  #retryTimer: Timer | undefined
  /** The one thing of a running watch that keeps the process alive: ports and threads come and go. */
  #keepAlive: Timer | undefined
  #stopped = true
  #isReferenced = true
  /** Of the runs that ended; the present one's are added by {@link counters}. */
  readonly #past: WatchCounters = { ...emptyCounters }
  #present: WatchCounters = { ...emptyCounters }
  restarts = 0

  constructor(options: WatchSessionOptions) {
    this.#options = options
    const { engine, indexer, template } = options
    this.#connections = new ConnectionFeed(options.broker, (message) => this.#post(message))
    this.#credit = new CreditReturn({
      runtime: engine.runtime,
      windowBytes: template.bounds.inFlightBytesMax,
      post: (bytes, buffers) => this.#post({ type: 'credit', bytes, buffers }, buffers),
    })
    this.reader = new BatchReader({
      indexer,
      nowMs: () => engine.runtime.nowMs(),
      onCredit: (bytes, buffer) => this.#credit.add(bytes, buffer),
      onMismatch: (error) => this.#abandon(error),
      onApplied: options.onApplied,
      ...(options.isHolding && { isHolding: options.isHolding }),
    })
  }

  /** Of the run that is, or was last; -1: none has started yet. */
  get threadId(): number {
    return this.#threadId
  }

  get counters(): WatchCounters {
    return addCounters({ ...this.#present }, this.#past)
  }

  start(): void {
    if (!this.#stopped) return
    this.#stopped = false
    this.#clearFailures()
    this.#hold()
    this.#connections.start()
    this.#launch()
  }

  /** Called by the restart gate, and by nobody else. */
  restart(): void {
    // Stopped and started since it died: it runs already, or is about to.
    if (this.#stopped || this.#running !== undefined) return
    this.restarts++
    this.#launch()
  }

  /** What waits may be applied again. */
  wake(): void {
    if (!this.#stopped) this.#options.engine.slicer.wake(this.reader)
  }

  relist(): void {
    this.#post({ type: 'relist' })
  }

  ref(): void {
    this.#isReferenced = true
    this.#hold()
  }

  unref(): void {
    this.#isReferenced = false
    this.#keepAlive?.cancel()
    this.#keepAlive = undefined
  }

  get isStopped(): boolean {
    return this.#stopped
  }

  stop(drainMs: number): Promise<void> {
    this.#stopped = true
    this.#connections.stop()
    const stopping = this.#stop(drainMs).finally(() => {
      if (this.#stopping === stopping) this.#stopping = undefined
    })
    this.#stopping = stopping
    return stopping
  }

  async #stop(drainMs: number): Promise<void> {
    const { engine, indexer } = this.#options
    engine.restarts.forget(this)
    this.#retryTimer?.cancel()
    this.reader.begin(-1)
    indexer.abortOpenBracket()
    engine.slicer.remove(this.reader)
    this.#closeSource()
    const running = this.#running
    if (running !== undefined) {
      this.#toldToStop = this.#incarnation
      this.#post({ type: 'stop' })
      let timer: Timer | undefined
      const late = new Promise<void>((resolve) => {
        timer = engine.runtime.setTimer(drainMs, resolve, true)
      })
      await Promise.race([running, late])
      timer?.cancel()
    }
    await this.#options.warmStart?.idle()
    this.#disconnect()
    // A run that was not waited for to its end is not heard any more: nobody else would give its permit back.
    engine.permits.release(this)
    if (!this.#stopped) return
    this.#keepAlive?.cancel()
    this.#keepAlive = undefined
  }

  #hold(): void {
    if (this.#stopped || !this.#isReferenced) return
    this.#keepAlive ??= this.#options.engine.runtime.setTimer(
      keepAliveMs,
      () => {
        this.#keepAlive = undefined
        this.#hold()
      },
      true,
    )
  }

  #launch(): void {
    const launch = ++this.#launches
    this.#start(launch).catch((error: unknown) => {
      if (this.#stopped || launch !== this.#launches) return
      const coded =
        error instanceof KubeInformerError
          ? error
          : new KubeInformerError('ERR_CREDENTIALS', 'credentials could not be loaded', { cause: error })
      this.#failed(coded)
      this.#retryTimer = this.#options.engine.runtime.setTimer(
        credentialsRetryMs,
        () => this.#launch(),
        this.#isReferenced,
      )
    })
  }

  async #start(launch: number): Promise<void> {
    const { engine, source, indexer, template } = this.#options
    while (this.#stopping !== undefined) await this.#stopping
    const connection = await this.#connections.first()
    const isOver = (): boolean => this.#stopped || launch !== this.#launches
    await this.#options.warmStart?.load(connection, isOver)
    if (isOver()) return
    const incarnation = engine.nextIncarnation()
    const slot = engine.memory.takeSlot()
    this.#incarnation = incarnation
    const resumeVersion = indexer.safeVersion
    const { knownVersion } = indexer
    const spec = {
      ...template,
      incarnation,
      firstGeneration: indexer.generationMax + 1,
      ...(resumeVersion !== undefined && { resumeVersion }),
      ...(knownVersion !== undefined && { knownVersion }),
      // A source's list function may know no limit, and give everything for a look.
      ...(source === undefined && this.#options.warmStart?.isUnconfirmed && { probeFirst: true }),
      connection,
      memory: { shared: engine.memory.shared, slot, bytesMax: engine.memoryBytesMax },
    } satisfies WatchSpec
    this.reader.begin(incarnation)
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    port1.on('message', (message: FromWatch) => {
      if (this.#incarnation === incarnation) this.#receive(message)
    })
    port1.unref()
    if (source !== undefined) {
      this.#sourceServer = new SourceServer({
        source,
        runtime: engine.runtime,
        slicer: engine.slicer,
        frameBytesMax: template.bounds.frameBytesMax,
        memory: engine.memory,
        post: (message, transfer) => port1.postMessage(message satisfies ToWatch, transfer),
      })
    }
    this.#startedTimer = engine.runtime.setTimer(startedTimeoutMs, () => {
      if (this.#incarnation !== incarnation) return
      this.#abandon(workerSilent(startedTimeoutMs, this.#lastDeath))
    })
    this.#running = engine
      .run({ spec, port: port2 })
      .finally(() => engine.memory.freeSlot(slot))
      .then(
        () => this.#ended(incarnation, undefined),
        (error: unknown) => this.#ended(incarnation, error),
      )
  }

  #receive(message: FromWatch): void {
    const { engine } = this.#options
    switch (message.type) {
      case 'batch':
        this.reader.push(message.incarnation, message.buffer)
        engine.slicer.wake(this.reader)
        break
      case 'started':
        this.#startedTimer?.cancel()
        this.#threadId = message.threadId
        engine.runner.unref()
        break
      case 'state':
        if (message.state === 'watching') this.#clearFailures()
        if (message.error?.code === 'ERR_CONNECTION') this.#connections.broken()
        this.#options.onState(
          message.state,
          message.error === undefined ? undefined : fromWireError(message.error),
          message.attempt,
        )
        break
      case 'failed':
        this.#options.onFailed(fromWireError(message.error), message.attempt)
        break
      case 'connection-request':
        this.#connections.refused(message.connections)
        break
      case 'sync-request':
        engine.permits.request(this, () => this.#post({ type: 'sync-permit' }))
        break
      case 'sync-end':
        engine.permits.release(this)
        break
      case 'refused':
        this.#options.onRefused(message)
        this.#post({ type: 'refused-seen' })
        break
      case 'note': {
        const { error, ...note } = message.note
        this.#options.onNote?.({ ...note, ...(error && { error: fromWireError(error) }) })
        break
      }
      case 'counters':
      case 'stopped':
        this.#present = message.counters
        break
      case 'source-open':
      case 'source-credit':
      case 'source-abort':
        this.#sourceServer?.receive(message)
        break
      default:
        message satisfies never
    }
  }

  /** This run cannot be trusted or does not answer: it is told to stop and forgotten, a successor starts. */
  #abandon(error: KubeInformerError): void {
    this.#post({ type: 'stop' })
    this.#ended(this.#incarnation, error)
  }

  #ended(incarnation: number, error: unknown): void {
    if (incarnation !== this.#incarnation) return
    const { engine, indexer } = this.#options
    engine.permits.release(this)
    this.#takeLastCounters()
    addCounters(this.#past, this.#present)
    this.#present = { ...emptyCounters }
    // Also when it was started again meanwhile: its successor waits for `#stop`, which tidies up.
    if (this.#stopped || incarnation === this.#toldToStop) return
    this.#disconnect()
    // What it sent and we have not applied is gone with it: its successor resumes at the last safe version.
    this.reader.begin(-1)
    indexer.abortOpenBracket()
    // Each of its own, as errors are: without one these ends would never count as deaths, and be followed by no pause.
    const death = error ?? new Error('it ended though nobody had stopped it')
    const coded = death instanceof KubeInformerError ? death : workerDied(death)
    if (coded.code === 'ERR_WORKER_DIED') this.#lastDeath = coded
    this.#failed(coded)
    // One error object for all tasks of a dead thread; all that is not acknowledged in time counts as one death, too.
    engine.restarts.died(this, coded.code === 'ERR_WORKER_START' ? coded.code : death)
  }

  #failed(error: KubeInformerError): void {
    const attempt = ++this.#failures
    this.#options.onState('retrying', error, attempt)
    this.#options.onFailed(error, attempt)
  }

  #clearFailures(): void {
    this.#failures = 0
    this.#lastDeath = undefined
  }

  /** A run ends over piscina's port, which may be faster than ours: without this its last half second is not counted. */
  #takeLastCounters(): void {
    if (this.#port === undefined) return
    let received: { message: FromWatch } | undefined
    while ((received = receiveMessageOnPort(this.#port)) !== undefined) {
      const { message } = received
      if (message.type === 'stopped' || message.type === 'counters') this.#present = message.counters
    }
  }

  #disconnect(): void {
    this.#startedTimer?.cancel()
    this.#incarnation = -1
    this.#credit.clear()
    this.#closeSource()
    this.#port?.close()
    this.#port = undefined
    this.#running = undefined
  }

  #closeSource(): void {
    this.#sourceServer?.close()
    this.#sourceServer = undefined
  }

  #post(message: ToWatch, transfer: ArrayBuffer[] = []): void {
    this.#port?.postMessage(message, transfer)
  }
}

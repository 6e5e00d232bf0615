import type { Runtime, Timer } from '../../src/base/runtime.ts'
import { Slicer } from '../../src/base/slicer.ts'
import type { ChangeCause } from '../../src/notify/change-sink.ts'
import type {
  AddEvent,
  DeleteEvent,
  ListenerOptions,
  ResourceEventHandlers,
  UpdateEvent,
} from '../../src/notify/handlers.ts'
import { type ListenedCache, Processor } from '../../src/notify/processor.ts'
import type { Registration } from '../../src/notify/registration.ts'
import { recordHeaderBytes, recordOffsets } from '../../src/protocol/record-layout.ts'
import { RecordStore, type VersionCell } from '../../src/protocol/record-store.ts'

/** A clock and an event loop that move only when told. */
export class ManualRuntime implements Runtime {
  clockMs = 1_000
  /** What each look at the clock costs: with it, slices end. */
  lookMs = 0
  readonly #deferred: { fn: () => void; isCanceled: boolean }[] = []
  readonly #timers: { fn: () => void; atMs: number; isCanceled: boolean }[] = []

  nowMs(): number {
    this.clockMs += this.lookMs
    return this.clockMs
  }

  random(): number {
    return 0.5
  }

  setTimer(ms: number, fn: () => void): Timer {
    const timer = { fn, atMs: this.clockMs + ms, isCanceled: false }
    this.#timers.push(timer)
    return { cancel: () => void (timer.isCanceled = true) }
  }

  defer(fn: () => void): Timer {
    const call = { fn, isCanceled: false }
    this.#deferred.push(call)
    return { cancel: () => void (call.isCanceled = true) }
  }

  get timerCount(): number {
    return this.#timers.filter((timer) => !timer.isCanceled).length
  }

  /** One turn of the event loop, then all microtasks. Returns whether there was anything to do. */
  async turn(): Promise<boolean> {
    const calls = this.#deferred.splice(0).filter((call) => !call.isCanceled)
    for (const { fn } of calls) fn()
    await microtasks()
    return calls.length > 0
  }

  /** Turns until nothing is left to do. */
  async settle(): Promise<void> {
    await microtasks()
    while (await this.turn());
  }

  async advance(ms: number): Promise<void> {
    this.fire(ms)
    await this.settle()
  }

  /** Runs the timers that are due after `ms`, and nothing else. */
  fire(ms: number): void {
    this.clockMs += ms
    const due = this.#timers.filter((timer) => !timer.isCanceled && timer.atMs <= this.clockMs)
    for (const timer of due) {
      timer.isCanceled = true
      timer.fn()
    }
  }
}

/** Until all microtasks have run, however many more they make. */
export function microtasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export interface TestObject {
  readonly uid: string
  readonly version: number
}

type Cell = VersionCell<string>

/** A cache as small as it can be, told what to hold, that tells a processor as the indexer does. */
export class TestCache implements ListenedCache<string> {
  readonly store: RecordStore<string> = new RecordStore<string>({ slabBytes: 4096 })
  readonly current: Map<string, Cell> = new Map()
  readonly recordBytes: number
  readCount = 0
  #version = 0

  constructor(recordBytes = 64) {
    this.recordBytes = recordBytes
  }

  read(cell: Cell): TestObject {
    this.readCount++
    return Object.freeze({ uid: uidOf(cell), version: versionOf(cell) })
  }

  *cells(): Generator<Cell, void> {
    for (const [key, cell] of this.current) {
      cell.key = key
      yield cell
    }
  }

  cell(key: string): Cell | undefined {
    return this.current.get(key)
  }

  /** A record of object `id` in the next version. */
  record(id: number): Cell {
    const slab = this.store.reserve('', this.recordBytes)
    const at = slab.usedBytes
    slab.bytes.fill(0, at, at + this.recordBytes)
    slab.bytes.writeDoubleLE(++this.#version, at + recordOffsets.version)
    slab.bytes.writeUInt32BE(id, at + recordOffsets.uid + 12)
    slab.bytes.writeUInt32LE(recordHeaderBytes, at + recordOffsets.tail)
    return this.store.commit(slab, this.recordBytes, 0)
  }
}

export function uidOf(cell: Cell): string {
  const id = cell.slab.bytes.readUInt32BE(cell.offset + recordOffsets.uid + 12)
  return uidText(id)
}

export function uidText(id: number): string {
  return `00000000-0000-0000-0000-0000${id.toString(16).padStart(8, '0')}`
}

export function versionOf(cell: Cell): number {
  return cell.slab.bytes.readDoubleLE(cell.offset + recordOffsets.version)
}

/** A processor over a {@link TestCache}, with the cache's changes as methods. */
export class NotifyBed {
  readonly runtime: ManualRuntime = new ManualRuntime()
  readonly slicer: Slicer
  readonly cache: TestCache
  readonly processor: Processor<string>
  readonly errors: { error: unknown; key: string }[] = []
  #uids = 0

  constructor(options: { readonly sliceMs?: number; readonly recordBytes?: number } = {}) {
    this.slicer = new Slicer(this.runtime, options.sliceMs ?? 5)
    this.cache = new TestCache(options.recordBytes)
    this.processor = new Processor<string>({
      runtime: this.runtime,
      slicer: this.slicer,
      cache: () => this.cache,
      onHandlerError: (error, key) => this.errors.push({ error, key }),
    })
  }

  listen(
    handlers: ResourceEventHandlers<TestObject>,
    options: ListenerOptions & { drainMs?: number } = {},
  ): Registration {
    return this.processor.addListener<TestObject>(handlers, options)
  }

  /** Creates a new object, or the next version of the one cached. */
  put(key: string, cause: ChangeCause = 'watch'): number {
    const old = this.cache.current.get(key)
    if (old === undefined) return this.create(key, cause)
    const cell = this.cache.record(Number.parseInt(uidOf(old).slice(-8), 16))
    this.cache.current.set(key, cell)
    this.processor.updated(key, old, cell, cause, this.runtime.clockMs)
    this.cache.store.uncache(old)
    return versionOf(cell)
  }

  create(key: string, cause: ChangeCause = 'watch', id: number = ++this.#uids): number {
    const cell = this.cache.record(id)
    this.cache.current.set(key, cell)
    this.processor.added(key, cell, cause, this.runtime.clockMs)
    return versionOf(cell)
  }

  /** As a Deleted event does, with a final state of its own; `unknown`: as a sweep does. */
  delete(key: string, unknown = false): void {
    const old = this.cache.current.get(key) as Cell
    this.cache.current.delete(key)
    const final = unknown ? old : this.cache.record(Number.parseInt(uidOf(old).slice(-8), 16))
    this.processor.deleted(key, old, final, unknown, unknown ? 'list' : 'watch', this.runtime.clockMs)
    if (!unknown) this.cache.store.uncache(final)
    this.cache.store.uncache(old)
  }

  /** Another object under the same name, the delete unseen. */
  recreate(key: string): number {
    this.delete(key, true)
    return this.create(key)
  }

  listCompleted(): void {
    this.processor.listCompleted()
  }

  settle(): Promise<void> {
    return this.runtime.settle()
  }
}

/** A promise with its ends outside. */
export interface Gate {
  readonly promise: Promise<void>
  open(): void
  fail(error: unknown): void
}

export function gate(): Gate {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  return { promise, open: resolve, fail: reject }
}

/** `add a 1`, `update a 1>2`, `delete a 2`, `delete? a 2` (final state unknown). */
export function recorder(log: string[]): {
  onAdd(event: AddEvent<TestObject>): void
  onUpdate(event: UpdateEvent<TestObject>): void
  onDelete(event: DeleteEvent<TestObject>): void
} {
  return {
    onAdd: (event) => void log.push(`add ${event.key} ${event.object.version}`),
    onUpdate: (event) =>
      void log.push(`update ${event.key} ${event.oldObject.version}>${event.object.version}`),
    onDelete: (event) =>
      void log.push(`delete${event.finalStateUnknown ? '?' : ''} ${event.key} ${event.object.version}`),
  }
}

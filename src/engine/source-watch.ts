import type { Runtime, Timer } from '../base/runtime.ts'
import type { Pump, Slicer } from '../base/slicer.ts'
import { isThenable } from '../base/thenable.ts'
import type { SourceEvent } from '../lister-watcher.ts'
import { sourceError } from '../protocol/source-error.ts'
import type { SourceBody } from './source-body.ts'
import { wireJson } from './wire-json.ts'

/** Events taken from the source and not written yet; beyond it none is taken. */
const waitingCountMax = 256
/** An iterator that has neither given an event nor failed for so long is taken for a watch that is quiet. */
const quietMs = 250

type Events = AsyncIterable<SourceEvent<unknown>>

export interface SourceWatchAnswerOptions {
  readonly runtime: Runtime
  readonly slicer: Slicer
  readonly body: SourceBody
  /** Calls the user's function. */
  readonly watch: () => Events | Promise<Events>
  readonly onDone: () => void
}

/**
 * A watch of a user's function, on its way to the worker. Events are taken one after another, as long as the worker
 * reads, and written within main's slices. Once aborted nothing is waited for: not the function, not its iterator.
 */
export class SourceWatchAnswer implements Pump {
  readonly #options: SourceWatchAnswerOptions
  readonly #waiting: SourceEvent<unknown>[] = []
  #iterator: AsyncIterator<SourceEvent<unknown>> | undefined
  #goOn: (() => void) | undefined
  #quietTimer: Timer | undefined
  #isOpened = false
  /** How it ended; said once everything before it is written. */
  #ending: (() => void) | undefined
  #isDone = false

  constructor(options: SourceWatchAnswerOptions) {
    this.#options = options
    void this.#take()
  }

  credit(): void {
    if (!this.#isDone) this.#options.slicer.wake(this)
  }

  abort(): void {
    if (this.#isDone) return
    this.#finish()
    this.#return()
  }

  pump(deadlineMs: number): boolean {
    const { body, runtime } = this.#options
    let written = 0
    while (body.hasRoom && written < this.#waiting.length) {
      this.#write(this.#waiting[written++] as SourceEvent<unknown>)
      if (runtime.nowMs() >= deadlineMs) break
    }
    this.#waiting.splice(0, written)
    if (this.#waiting.length < waitingCountMax) this.#goOn?.()
    if (this.#waiting.length > 0 && body.hasRoom) return true
    body.flush()
    if (this.#waiting.length === 0 && this.#ending !== undefined) {
      this.#finish()
      this.#ending()
      this.#options.onDone()
    }
    return false
  }

  async #take(): Promise<void> {
    try {
      // Later, so that what it throws at once is a rejection like any other.
      await undefined
      const events = this.#options.watch()
      const isPromise = isThenable(events)
      this.#iterator = (await events)[Symbol.asyncIterator]()
      if (this.#isDone) return this.#return()
      if (isPromise) this.#open()
      else this.#quietTimer = this.#options.runtime.setTimer(quietMs, () => this.#open())
      await this.#takeAll(this.#iterator)
    } catch (error) {
      this.#endWith(() => this.#options.body.fail(sourceError(error, 'watch()')))
    }
  }

  async #takeAll(iterator: AsyncIterator<SourceEvent<unknown>>): Promise<void> {
    const { slicer, body } = this.#options
    for (;;) {
      const { done, value } = await iterator.next()
      if (this.#isDone) return
      this.#open()
      if (done === true) return this.#endWith(() => body.end())
      this.#waiting.push(value)
      slicer.wake(this)
      // An iterator that always has an event at hand would let nothing else of this thread have its turn.
      if (this.#waiting.length >= waitingCountMax) {
        await new Promise<void>((resolve) => {
          this.#goOn = resolve
        })
        if (this.#isDone) return
      }
    }
  }

  #write(event: SourceEvent<unknown>): void {
    const { body } = this.#options
    let type: string
    let object: unknown
    try {
      // Whatever is no event gets an answer of the worker's: a frame without an object.
      type = wireJson(event.type)
      object = event.object
      // `kind` is what tells a Status from any object.
      if (event.type === 'ERROR' && typeof object === 'object') object = { kind: 'Status', ...object }
    } catch {
      body.write('{}\n')
      return
    }
    body.writeObject(`{"type":${type},"object":`, object, '}\n')
  }

  #open(): void {
    this.#quietTimer?.cancel()
    if (this.#isOpened || this.#isDone) return
    this.#isOpened = true
    this.#options.body.opened()
  }

  #endWith(say: () => void): void {
    if (this.#isDone) return
    this.#ending = say
    this.#quietTimer?.cancel()
    this.#options.slicer.wake(this)
  }

  #finish(): void {
    this.#isDone = true
    this.#waiting.length = 0
    this.#quietTimer?.cancel()
    this.#options.slicer.remove(this)
    this.#goOn?.()
  }

  /** A generator in the middle of an await hears of it only afterwards, if ever. */
  #return(): void {
    const iterator = this.#iterator
    Promise.resolve()
      .then(() => iterator?.return?.())
      .catch(() => {})
  }
}

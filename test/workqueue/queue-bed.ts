import { setImmediate } from 'node:timers/promises'
import { WorkQueue, type WorkQueueOptions } from '../../src/index.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'

/** A queue under a virtual clock. */
export class QueueBed {
  readonly runtime: VirtualRuntime = new VirtualRuntime()
  readonly queue: WorkQueue

  constructor(options: WorkQueueOptions<string> = {}) {
    this.queue = new WorkQueue({ runtime: this.runtime, ...options })
  }

  /** What is queued now, in its order; all of it is in process then. */
  async takeAll(): Promise<string[]> {
    const taken: string[] = []
    while (this.queue.length > 0) taken.push((await this.queue.get()) as string)
    return taken
  }
}

/** Lets everything that waits for settled promises run. */
export async function settle(): Promise<void> {
  await setImmediate()
}

/** What a promise has come to: its value, or 'pending'. */
export async function stateOf<T>(promise: Promise<T>): Promise<T | 'pending'> {
  await settle()
  return Promise.race([promise, Promise.resolve('pending' as const)])
}

/** A call that ends when the test says so. */
export class Gate {
  #open: () => void = () => {}
  #fail: (error: unknown) => void = () => {}
  readonly passed: Promise<void> = new Promise((resolve, reject) => {
    this.#open = resolve
    this.#fail = reject
  })

  open(): void {
    this.#open()
  }

  fail(error: unknown): void {
    this.#fail(error)
  }
}

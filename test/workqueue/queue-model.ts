export interface Job {
  readonly key: string
  readonly round: number
}

interface Waiting {
  job: Job
  priority: number
}

interface Processing {
  readonly key: string
  readonly priority: number
}

interface Delayed extends Waiting {
  atMs: number
}

/**
 * What a work queue promises, written down as plainly as it can be: lists that are searched from end to end. Shares
 * nothing with the queue.
 */
export class QueueModel {
  nowMs: number = 0
  isShut: boolean = false
  dropped: number = 0
  /** In the order of their adds; the next one is the first of the highest priority. */
  readonly ready: Waiting[] = []
  /** Added again while in process. */
  readonly held: Waiting[] = []
  readonly processing: Processing[] = []
  /** In the order in which their keys began to wait. */
  delayed: Delayed[] = []
  /** Numbers of the gets that wait. */
  readonly takers: number[] = []
  /** What every get came to. */
  readonly given: Map<number, Job | undefined> = new Map()

  add(job: Job, priority: number): void {
    if (this.isShut) {
      this.dropped++
      return
    }
    const known = [...this.ready, ...this.held].find((one) => one.job.key === job.key)
    if (known !== undefined) {
      known.job = job
      known.priority = Math.max(known.priority, priority)
    } else if (this.#isInProcess(job.key)) this.held.push({ job, priority })
    else this.ready.push({ job, priority })
    this.#serve()
  }

  addAfter(job: Job, delayMs: number, given: number | undefined): void {
    if (this.isShut) {
      this.dropped++
      return
    }
    const priority = given ?? this.processing.find((one) => one.key === job.key)?.priority ?? 0
    const atMs = this.nowMs + delayMs
    const known = this.delayed.find((one) => one.job.key === job.key)
    if (delayMs <= 0) this.add(job, priority)
    else if (known === undefined) this.delayed.push({ job, priority, atMs })
    else {
      known.job = job
      known.priority = Math.max(known.priority, priority)
      known.atMs = Math.min(known.atMs, atMs)
    }
  }

  get(taker: number): void {
    this.takers.push(taker)
    this.#serve()
    if (this.isShut) this.#endTakers()
  }

  abort(taker: number): void {
    const index = this.takers.indexOf(taker)
    if (index < 0) return
    this.takers.splice(index, 1)
    this.given.set(taker, undefined)
  }

  done(key: string): void {
    const index = this.processing.findIndex((one) => one.key === key)
    if (index < 0) return
    this.processing.splice(index, 1)
    const again = this.held.findIndex((one) => one.job.key === key)
    if (again >= 0) this.ready.push(...this.held.splice(again, 1))
    this.#serve()
  }

  advance(ms: number): void {
    this.nowMs += ms
    // Sorting keeps the order of those that fall due together.
    const due = this.delayed.filter((one) => one.atMs <= this.nowMs).sort((a, b) => a.atMs - b.atMs)
    this.delayed = this.delayed.filter((one) => one.atMs > this.nowMs)
    for (const { job, priority } of due) this.add(job, priority)
  }

  shutDown(): void {
    this.isShut = true
    this.dropped += this.delayed.length
    this.delayed = []
    this.#endTakers()
  }

  get isDrained(): boolean {
    return this.ready.length + this.held.length + this.processing.length === 0
  }

  #isInProcess(key: string): boolean {
    return this.processing.some((one) => one.key === key)
  }

  #serve(): void {
    while (this.takers.length > 0 && this.ready.length > 0) {
      const highest = Math.max(...this.ready.map((one) => one.priority))
      const index = this.ready.findIndex((one) => one.priority === highest)
      const [next] = this.ready.splice(index, 1) as [Waiting]
      this.processing.push({ key: next.job.key, priority: next.priority })
      this.given.set(this.takers.shift() as number, next.job)
    }
  }

  #endTakers(): void {
    for (const taker of this.takers.splice(0)) this.given.set(taker, undefined)
  }
}

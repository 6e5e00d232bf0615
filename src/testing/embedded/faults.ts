import { ApiFailure } from './status.ts'

export interface Refusal {
  readonly status: number
  readonly reason?: string
  readonly message?: string
  readonly retryAfterSeconds?: number
  /** Requests to refuse; default: all until cleared. */
  readonly count?: number
  /** Only requests whose path and query contain this. */
  readonly match?: string
}

interface ActiveRefusal extends Refusal {
  left: number
}

/** Misbehaviour on request. Everything here is off until asked for; {@link clear} ends it all. */
export class Faults {
  #refusals: ActiveRefusal[] = []
  #endBookmarksToDrop = 0
  #changesToLose = 0
  #delayMs = 0
  #isSilent = false
  #cut: () => number
  #onResume: () => void

  constructor(cut: () => number, onResume: () => void) {
    this.#cut = cut
    this.#onResume = onResume
  }

  /** Breaks the sockets of all watches now, without an end; gives how many. */
  cutStreams(): number {
    return this.#cut()
  }

  /** The next `count` streams of initial events never say that these are complete. */
  dropEndBookmarks(count: number = Number.POSITIVE_INFINITY): void {
    this.#endBookmarksToDrop = count
  }

  /** The next `count` changes reach no watcher. */
  loseChanges(count: number): void {
    this.#changesToLose = count
  }

  /** Every request waits this long before it is looked at. */
  delay(ms: number): void {
    this.#delayMs = ms
  }

  refuse(refusal: Refusal): void {
    this.#refusals.push({ ...refusal, left: refusal.count ?? Number.POSITIVE_INFINITY })
  }

  /** Open streams stay open and say nothing, as behind a dead network. */
  silence(isSilent: boolean): void {
    this.#isSilent = isSilent
    if (!isSilent) this.#onResume()
  }

  clear(): void {
    this.#refusals = []
    this.#endBookmarksToDrop = 0
    this.#changesToLose = 0
    this.#delayMs = 0
    this.silence(false)
  }

  get delayMs(): number {
    return this.#delayMs
  }

  get isSilent(): boolean {
    return this.#isSilent
  }

  takeEndBookmarkDrop(): boolean {
    if (this.#endBookmarksToDrop <= 0) return false
    this.#endBookmarksToDrop--
    return true
  }

  takeLoss(): boolean {
    if (this.#changesToLose <= 0) return false
    this.#changesToLose--
    return true
  }

  /** Throws when this request is to be refused. */
  check(target: string): void {
    const refusal = this.#refusals.find((each) => each.left > 0 && target.includes(each.match ?? ''))
    if (refusal === undefined) return
    refusal.left--
    throw new ApiFailure(
      refusal.status,
      refusal.reason ?? defaultReasons[refusal.status] ?? 'InternalError',
      refusal.message ?? 'refused on request',
      refusal.retryAfterSeconds === undefined ? undefined : { retryAfterSeconds: refusal.retryAfterSeconds },
    )
  }
}

const defaultReasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

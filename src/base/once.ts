/**
 * Work that is done once, however often it is asked for: everybody gets its one promise, also who asks from inside the
 * work, as code of the user does that is told of an end and ends it again.
 */
export class Once {
  readonly #work: () => Promise<void>
  #result: PromiseWithResolvers<void> | undefined

  constructor(work: () => Promise<void>) {
    this.#work = work
  }

  get hasBegun(): boolean {
    return this.#result !== undefined
  }

  run(): Promise<void> {
    if (this.#result === undefined) {
      this.#result = Promise.withResolvers<void>()
      this.#work().then(this.#result.resolve, this.#result.reject)
    }
    return this.#result.promise
  }
}

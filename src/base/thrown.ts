/** What a user's code threw, as text: it may be any value, and an error's members may be anything. */
export interface Thrown {
  readonly isError: boolean
  /** An error's; `''` for anything else. */
  readonly name: string
  readonly message: string
  readonly cause: unknown
}

/** Never throws: a proxy, an object without a prototype, or a getter that throws is no fault of who tells of it. */
export function readThrown(thrown: unknown): Thrown {
  try {
    if (!(thrown instanceof Error)) {
      return { isError: false, name: '', message: String(thrown), cause: undefined }
    }
    const { name, message, cause } = thrown
    return { isError: true, name: String(name), message: String(message), cause }
  } catch {
    const message = `a thrown ${typeof thrown} that cannot be read`
    return { isError: false, name: '', message, cause: undefined }
  }
}

/** An error's stack, if it has one that can be read. */
export function stackOf(thrown: unknown): string | undefined {
  try {
    const stack: unknown = thrown instanceof Error ? thrown.stack : undefined
    return typeof stack === 'string' ? stack : undefined
  } catch {
    return undefined
  }
}

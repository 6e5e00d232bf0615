/**
 * Polls until `probe` gives anything but false or undefined, and gives that. Fails with `what` after `limitMs`; what the
 * probe throws means not yet, and is the cause in the end.
 */
export async function until<T>(
  probe: () => T | Promise<T>,
  what: string,
  limitMs = 10_000,
): Promise<Exclude<T, false | undefined>> {
  const end = performance.now() + limitMs
  let cause: unknown
  for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 1.5, 50)) {
    try {
      const found = await probe()
      if (found !== false && found !== undefined) return found as Exclude<T, false | undefined>
    } catch (error) {
      cause = error
    }
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms in vain until ${what}`, { cause })
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

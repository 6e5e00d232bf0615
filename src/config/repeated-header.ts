/** More spellings than letters allow would overwrite one another. */
export const repeatedCountMax = 1_000

/**
 * One header with several values as a plain record: each value under another spelling of the name's letters, which
 * mean the same to HTTP. A list would be joined by commas (HTTP/2 clients do it), and to Kubernetes `a,b` is one group.
 */
export function repeatedHeader(name: string, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(values.map((value, index) => [spelling(name.toLowerCase(), index), value]))
}

/** Bit n of `index` says whether letter n is a capital. */
function spelling(name: string, index: number): string {
  let letters = 0
  return name.replace(/[a-z]/g, (letter) => ((index >> letters++) & 1 ? letter.toUpperCase() : letter))
}

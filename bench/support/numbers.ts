export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}

export function mib(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MiB`
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

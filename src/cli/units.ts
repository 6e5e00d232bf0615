/** Numbers as people type and read them on the command line. Parsers return undefined for anything they do not know. */

export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim())
  if (match === null) return undefined
  const factor = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match[2] ?? 's'] as number
  return Number(match[1]) * factor
}

export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)(i?)b?$/i.exec(text.trim())
  if (match === null) return undefined
  const power = ['', 'k', 'm', 'g'].indexOf((match[2] as string).toLowerCase())
  return Math.round(Number(match[1]) * (match[3] === '' ? 1000 : 1024) ** power)
}

/** A whole number; `20_000` and `20,000` too. */
export function parseCount(text: string): number | undefined {
  const plain = text.trim().replaceAll(/[_,]/g, '')
  if (!/^\d{1,12}$/.test(plain)) return undefined
  return Number(plain)
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value < 9.95 && unit > 0 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`
}

export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US')
}

/** Milliseconds with as many digits as matter. */
export function formatMs(ms: number | null): string {
  if (ms === null) return '–'
  if (ms >= 100) return `${formatCount(ms)} ms`
  return `${ms >= 9.95 ? ms.toFixed(0) : ms.toFixed(1)} ms`
}

/** kubectl's short age: 42s, 5m, 3h, 12d. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 120) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours}h`
  return `${Math.floor(hours / 24)}d`
}

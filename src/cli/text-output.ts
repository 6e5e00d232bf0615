import type { LineWriter } from './line-writer.ts'
import { type Figures, Model, type ResourceFigures } from './live/model.ts'
import { type Output, silent } from './output.ts'
import { summaryText } from './summary.ts'
import { formatBytes, formatCount, formatMs } from './units.ts'

/** Above the time that a connection may take to fail: a server that refuses us ends in one line. */
const quietMs = 12_000

/** A line a second for people, per resource, then the summary. */
export function textOutput(out: LineWriter, problems: LineWriter, startedAtMs: number): Output {
  const model = new Model(startedAtMs)
  return {
    ...silent,
    state(resource, state, error) {
      if (error !== undefined) out.write(`${resource} ${state}: ${error}`)
    },
    synced(resource) {
      out.write(`synced ${resource}`)
    },
    sample(sample) {
      const figures = model.add(sample)
      const { uptimeMs, resources } = figures
      const hasNothing = resources.every(({ objects, hasSynced }) => objects === 0 && !hasSynced)
      // A silent server must not leave the user without a word.
      if (hasNothing && uptimeMs < quietMs) return
      for (const line of sampleLines(figures)) out.write(line)
    },
    notice: (text) => void problems.write(text),
    async end(summary) {
      out.write('')
      out.write(summaryText(summary))
      await Promise.all([out.end(), problems.end()])
    },
  }
}

function sampleLines(figures: Figures): string[] {
  const { resources, process } = figures
  const { loopDelayMs, rssBytes, heapUsedBytes } = process
  const processText = `loop p99 ${formatMs(loopDelayMs.p99)} max ${formatMs(loopDelayMs.max)}  rss ${formatBytes(rssBytes)} heap ${formatBytes(heapUsedBytes)}`
  if (resources.length === 1) return [`${resourceText(resources[0] as ResourceFigures)}  ${processText}`]
  const width = Math.max(...resources.map(({ resource }) => resource.length))
  const lines = resources.map((each) => `${each.resource.padEnd(width)}  ${resourceText(each)}`)
  return [...lines, `${'process'.padEnd(width)}  ${processText}`]
}

function resourceText(figures: ResourceFigures): string {
  const { lagMs } = figures
  const parts = [
    figures.state.padEnd(10),
    `${formatCount(figures.objects)} objects`,
    figures.hasSynced
      ? `${formatCount(figures.changesPerSecond)} changes/s`
      : `${formatCount(figures.receivedPerSecond)} read/s, ${formatBytes(figures.bytesPerSecond)}/s`,
  ]
  if (lagMs !== null) parts.push(`lag p50 ${formatMs(lagMs.p50)} p99 ${formatMs(lagMs.p99)}`)
  parts.push(
    `queue ${formatCount(figures.queueCount)} (${formatBytes(figures.queueBytes)})`,
    `buffer ${formatCount(figures.bufferCount)}`,
    `merged ${formatCount(figures.merged)}`,
  )
  return parts.join('  ')
}

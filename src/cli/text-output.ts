import type { LineWriter } from './line-writer.ts'
import type { LiveSample, Output } from './output.ts'
import { summaryText } from './summary.ts'
import { formatBytes, formatCount, formatMs } from './units.ts'

/** A line a second for people, then the summary. */
export function textOutput(out: LineWriter, resource: string): Output {
  return {
    needsEveryChange: false,
    change: () => undefined,
    state(state, error) {
      if (error !== undefined) out.write(`${state}: ${error}`)
    },
    synced() {
      out.write(`synced ${resource}`)
    },
    sample(sample) {
      out.write(sampleText(sample))
    },
    async end(summary) {
      out.write('')
      out.write(summaryText(summary))
      await out.end()
    },
  }
}

function sampleText(sample: LiveSample): string {
  const { lagMs, loopDelayMs } = sample
  const parts = [
    sample.state.padEnd(10),
    `${formatCount(sample.objects)} objects`,
    sample.hasSynced
      ? `${formatCount(sample.changesPerSecond)} changes/s`
      : `${formatCount(sample.receivedPerSecond)} read/s, ${formatBytes(sample.bytesPerSecond)}/s`,
  ]
  if (lagMs !== null) parts.push(`lag p50 ${formatMs(lagMs.p50)} p99 ${formatMs(lagMs.p99)}`)
  parts.push(
    `queue ${formatCount(sample.queueCount)} (${formatBytes(sample.queueBytes)})`,
    `buffer ${formatCount(sample.bufferCount)}`,
    `merged ${formatCount(sample.merged)}`,
    `loop p99 ${formatMs(loopDelayMs.p99)} max ${formatMs(loopDelayMs.max)}`,
    `rss ${formatBytes(sample.rssBytes)} heap ${formatBytes(sample.heapUsedBytes)}`,
  )
  return parts.join('  ')
}

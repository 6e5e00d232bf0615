import { BatchReader } from '../../src/engine/batch-reader.ts'
import { Indexer } from '../../src/indexer/indexer.ts'
import type { ChangeSink } from '../../src/notify/change-sink.ts'
import type { DictionaryEpoch } from '../../src/protocol/dictionary-epoch.ts'
import { BatchWriter } from '../../workers/batch-writer.ts'
import { DeltaQueue } from '../../workers/delta-queue.ts'
import { Intake } from '../../workers/intake.ts'
import { newTranscoder } from './records.ts'

/** Counts changes and does nothing else: what is measured is the cache, not its listeners. */
export class CountingSink implements ChangeSink<unknown> {
  readonly counts: { added: number; updated: number; deleted: number; listed: number } = {
    added: 0,
    updated: 0,
    deleted: 0,
    listed: 0,
  }

  added(): void {
    this.counts.added++
  }

  updated(): void {
    this.counts.updated++
  }

  deleted(): void {
    this.counts.deleted++
  }

  listCompleted(): void {
    this.counts.listed++
  }
}

/** The worker's stages after the transcoder, and main's up to the cache, joined by hand in one thread. */
export class Stages {
  readonly sink: CountingSink = new CountingSink()
  readonly queue: DeltaQueue<DictionaryEpoch> = new DeltaQueue<DictionaryEpoch>({ firstGeneration: 1 })
  readonly writer: BatchWriter<DictionaryEpoch> = new BatchWriter(this.queue, { incarnation: 1 })
  readonly intake: Intake = new Intake({
    transcoder: newTranscoder(),
    queue: this.queue,
    nowMs: () => 0,
    onRefused: ({ error }) => {
      throw error
    },
  })
  readonly indexer: Indexer = new Indexer({
    sink: this.sink,
    columns: ['spec.nodeName'],
    onIndexError: (_index, _key, error) => {
      throw error
    },
  })
  readonly reader: BatchReader = new BatchReader({
    indexer: this.indexer,
    nowMs: () => 0,
    onCredit: (_bytes, buffer) => {
      if (buffer !== undefined) this.writer.recycle(buffer)
    },
    onMismatch: (error) => {
      throw error
    },
    onApplied: () => {},
  })

  constructor() {
    this.reader.begin(1)
    this.indexer.indices.define({ byNode: 'spec.nodeName' })
  }

  list(texts: readonly Buffer[], version: number): void {
    this.intake.listStart(false)
    for (const text of texts) this.intake.object('upsert', text, 0, text.length)
    this.intake.listEnd(version)
  }

  /** Everything queued, as batches. */
  batches(): ArrayBuffer[] {
    const batches: ArrayBuffer[] = []
    for (let batch = this.writer.write(); batch !== undefined; batch = this.writer.write())
      batches.push(batch)
    return batches
  }

  apply(batches: readonly ArrayBuffer[]): void {
    for (const batch of batches) this.reader.push(1, batch)
    this.reader.pump(1)
  }
}

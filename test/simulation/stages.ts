import { pathToFileURL } from 'node:url'

/** The engine's real stages, from the sources under `root`: the repository itself, or a copy with a planted mutation. */
export interface Stages {
  readonly BatchReader: typeof import('../../src/engine/batch-reader.ts').BatchReader
  readonly Batch: typeof import('../../src/engine/batch.ts').Batch
  readonly Indexer: typeof import('../../src/indexer/indexer.ts').Indexer
  readonly filteringResourceEventHandler: typeof import('../../src/notify/filtering-handler.ts').filteringResourceEventHandler
  readonly Processor: typeof import('../../src/notify/processor.ts').Processor
  readonly ChangesIterator: typeof import('../../src/notify/changes-iterator.ts').ChangesIterator
  readonly Slicer: typeof import('../../src/base/slicer.ts').Slicer
  readonly DeltaQueue: typeof import('../../workers/delta-queue.ts').DeltaQueue
  readonly BatchWriter: typeof import('../../workers/batch-writer.ts').BatchWriter
  readonly BatchPort: typeof import('../../workers/batch-port.ts').BatchPort
  readonly Intake: typeof import('../../workers/intake.ts').Intake
  readonly JsonTranscoder: typeof import('../../workers/transcode/json-transcoder.ts').JsonTranscoder
}

/** `root`: a directory that holds `src` and `workers`. */
export async function loadStages(root: string): Promise<Stages> {
  const base = pathToFileURL(`${root}/`)
  const load = (path: string): Promise<unknown> => import(new URL(path, base).href)
  const modules = await Promise.all([
    load('src/engine/batch-reader.ts'),
    load('src/engine/batch.ts'),
    load('src/indexer/indexer.ts'),
    load('src/notify/processor.ts'),
    load('src/notify/changes-iterator.ts'),
    load('src/notify/filtering-handler.ts'),
    load('src/base/slicer.ts'),
    load('workers/delta-queue.ts'),
    load('workers/batch-writer.ts'),
    load('workers/batch-port.ts'),
    load('workers/intake.ts'),
    load('workers/transcode/json-transcoder.ts'),
  ])
  return Object.assign({}, ...modules) as Stages
}

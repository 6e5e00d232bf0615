import { CacheEpoch } from '../../src/indexer/cache-epoch.ts'
import type { Indexer } from '../../src/indexer/indexer.ts'
import { JsonTranscoder } from '../../workers/transcode/json-transcoder.ts'
import { recordOf } from './transcoding.ts'

let epochs = 0

/** JSON texts → the cache, as one watch would bring them: a dictionary epoch of its own, no queue and no batches. */
export class RecordSource {
  readonly #indexer: Indexer
  readonly #transcoder: JsonTranscoder
  readonly #epoch = new CacheEpoch(1, epochs++)

  constructor(indexer: Indexer, columns: readonly string[] = []) {
    this.#indexer = indexer
    this.#transcoder = new JsonTranscoder({ fields: {}, columns })
  }

  put(key: string, text: string): void {
    const from = this.#incoming(text)
    this.#indexer.applyUpsert(key, from, 0, from.bytes.length, 0, 'watch', 0)
  }

  delete(key: string, text: string, version: number): void {
    const from = this.#incoming(text)
    this.#indexer.applyDeleted(key, from, 0, from.bytes.length, version, 0, 'watch', 0)
  }

  #incoming(text: string) {
    const bytes = recordOf(this.#transcoder, text)
    const { structures, values } = this.#transcoder.epoch
    const epoch = this.#epoch
    const { reader } = epoch
    reader.extend(structures.slice(reader.structures.length), values.slice(reader.values.length))
    const { store } = this.#indexer
    return {
      bytes,
      epoch,
      place: (offset: number, length: number, generation: number) =>
        store.copy(epoch, bytes, offset, length, generation),
    }
  }
}

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deliveryMutations } from './delivery-mutations.ts'

interface Edit {
  readonly file: string
  /** Must stand in the file exactly once. */
  readonly find: string
  readonly replace: string
}

/** A plausible simplification of the engine, or a bug it once had, planted to show that the simulation finds it. */
export interface Mutation {
  readonly name: string
  readonly edits: readonly Edit[]
  /** The rule is the reflector's, which the simulation has a model of. */
  readonly watchFromHighestPage?: boolean
  /** Changes nothing that can be seen: must NOT be found, or the simulation cries wolf. */
  readonly isHarmless?: boolean
  /** Found after a hundred schedules or more: left to `--mutations`, which takes its time. */
  readonly isRare?: boolean
}

const queue = 'workers/delta-queue.ts'
const writer = 'workers/batch-writer.ts'
const indexer = 'src/indexer/indexer.ts'
const batch = 'src/notify/change-batch.ts'
const cutBeforeMarkers: Edit = {
  file: writer,
  find: `      if (head instanceof QueueMarker) {
        markers.push({`,
  replace: `      if (bytes >= this.#batchBytes || this.#entries.length >= this.#rowCountMax) break
      if (head instanceof QueueMarker) {
        markers.push({`,
}

export const mutations: readonly Mutation[] = [
  {
    name: 'no stamp on a drop in the queue',
    edits: [
      {
        file: queue,
        find: 'if (!deleted && entry.generation < this.#generation) entry.generation = this.#generation',
        replace: '',
      },
    ],
  },
  {
    name: 'no stamp on a drop on main',
    edits: [{ file: indexer, find: '      this.#stamps.raise(old, generation)\n', replace: '' }],
  },
  {
    name: 'Deleted judged by its own version',
    edits: [
      {
        file: queue,
        find: 'return this.here === undefined ? this.version : this.goneVersion',
        replace: 'return this.goneVersion',
      },
    ],
  },
  {
    name: 'upsert of another uid unchecked',
    edits: [
      {
        file: indexer,
        find: 'if (this.isComparable(key, old) && this.#isStale(old,',
        replace: 'if (sameObject && this.isComparable(key, old) && this.#isStale(old,',
      },
    ],
  },
  {
    name: 'no tombstones',
    edits: [
      {
        file: 'src/indexer/tombstones.ts',
        find: 'return this.#versions.size === 0 ? undefined : this.#versions.get(key)',
        replace: 'return undefined',
      },
    ],
  },
  {
    name: 'sweep tombstone at the highest page',
    edits: [
      {
        file: indexer,
        find: '  #generationMax = 0\n',
        replace: '  #generationMax = 0\n  #highest: ResourceVersion = 0\n',
      },
      {
        file: indexer,
        find: '    const buried = this.tombstones.get(key)\n',
        replace:
          '    const buried = this.tombstones.get(key)\n    if (version > this.#highest) this.#highest = version\n',
      },
      {
        file: indexer,
        find: "this.tombstones.raise(key, version)\n    this.#sink.deleted(key, cell, cell, true, 'list', 0)",
        replace:
          "this.tombstones.raise(key, this.#highest)\n    this.#sink.deleted(key, cell, cell, true, 'list', 0)",
      },
    ],
  },
  {
    name: 'generation reused after a crash',
    edits: [{ file: indexer, find: 'return this.#generationMax\n', replace: 'return 0\n' }],
  },
  {
    name: 'safeRv = last seen',
    edits: [
      {
        file: queue,
        find: 'return item === undefined ? this.#seen : item.previous',
        replace: 'return this.#seen',
      },
    ],
  },
  {
    name: 'safeRv inside a bracket',
    edits: [
      cutBeforeMarkers,
      { file: queue, find: 'if (this.#inBracket || this.#endsQueued > 0) return undefined', replace: '' },
    ],
  },
  { name: 'watch from the highest page', edits: [], watchFromHighestPage: true },
  {
    name: 'gone overwritten',
    edits: [
      {
        file: queue,
        find: 'else if (here !== undefined) return',
        replace:
          'else if (here !== undefined) { this.store.uncache(gone); this.#put(entry, true, version, slab, length); return }',
      },
    ],
  },
  ...deliveryMutations,
  // Beyond what the issue asks for.
  {
    name: 'control: batches cut before markers, guard kept',
    edits: [cutBeforeMarkers],
    isHarmless: true,
  },
  {
    name: 'a queue that survives a reset',
    edits: [{ file: queue, find: 'if (reset) this.#clear()\n', replace: '' }],
  },
  {
    name: 'repeats let into the queue',
    edits: [{ file: queue, find: 'if (this.isRepeat(version)) {', replace: 'if (this.#seen === 0) {' }],
  },
  {
    name: 'sweep blind to versions',
    edits: [
      {
        file: indexer,
        find: 'if (this.isComparable(key, cell) && versionAt(cell.slab.bytes, cell.offset) > version) {',
        replace: 'if (version < 0) {',
      },
    ],
  },
  {
    name: 'safe version adopted before the batch is applied',
    edits: [
      {
        file: 'src/engine/batch-reader.ts',
        find: '        this.#marker = 0\n        this.bytes = batch.bytes\n',
        replace:
          '        this.#marker = 0\n        if (batch.header.safe !== undefined) this.#indexer.adoptSafeVersion(batch.header.safe, parseResourceVersion(batch.header.safe))\n        this.bytes = batch.bytes\n',
      },
    ],
  },
  {
    name: 'a dead watch resumes inside its bracket',
    edits: [
      {
        file: indexer,
        find: '    this.#safeVersion = undefined\n    if (!reset) return\n',
        replace: '    if (!reset) return\n',
      },
    ],
  },
  // Bugs that this simulation found.
  {
    name: 'a new watch is told of the safe version only',
    edits: [
      {
        file: indexer,
        find: 'return this.#knownVersion === noVersion ? undefined : String(this.#knownVersion)',
        replace: 'return this.#safeVersion',
      },
    ],
  },
  {
    name: 'rows of a recycled buffer not cleared',
    edits: [{ file: writer, find: '    rows.fill(0)\n', replace: '' }],
  },
  {
    name: 'the stamp of a refused object makes versions of before a reset comparable',
    edits: [
      {
        file: indexer,
        find: 'if (cell.generation < this.resetGeneration) this.#keptFromBefore.add(key)',
        replace: '',
      },
    ],
  },
  {
    name: 'versions that lost their stamp are counted as stamped',
    edits: [
      {
        file: 'src/indexer/list-stamps.ts',
        find: '    if (cell.generation >= this.#generation) this.#count--\n',
        replace: '',
      },
    ],
  },
  {
    name: 'stamps of an earlier list count for the next',
    edits: [{ file: 'src/indexer/list-stamps.ts', find: '    this.#count = 0\n', replace: '' }],
  },
  {
    name: 'only adds of a list count as initial',
    edits: [
      {
        file: 'src/notify/processor.ts',
        find: 'const isInitial = !this.#isListed',
        replace: "const isInitial = cause === 'list' && !this.#isListed",
      },
    ],
  },
  // Faces of a listener.
  {
    name: 'a batch that runs holds back its first object alone',
    edits: [
      {
        file: batch,
        find: 'for (const { key } of this.#events) keys.add(key)',
        replace: 'keys.add((this.#events[0] as ChangeEvent<E>).key)',
      },
    ],
  },
  {
    name: 'a batch without a bound',
    edits: [
      { file: batch, find: 'this.#events.length >= this.#countMax || this.#bytes', replace: 'this.#bytes' },
    ],
  },
  {
    name: 'a batch that goes on counts as finished',
    edits: [
      {
        file: 'src/notify/handler-runner.ts',
        find: '    if (limits.concurrency > 1 || limits.overflow',
        replace: '    batch.end(release, onFinished)\n    if (limits.concurrency > 1 || limits.overflow',
      },
    ],
  },
  {
    name: "a loop's change is finished when it is given",
    edits: [
      {
        file: 'src/notify/changes-iterator.ts',
        find: '      this.#held = item\n',
        replace: '      item.end()\n',
      },
    ],
  },
  {
    name: 'a loop is not told of the sync',
    edits: [
      {
        file: 'src/notify/changes-iterator.ts',
        find: '          this.#mark(synced)\n',
        replace: '',
      },
    ],
  },
  {
    name: 'the hash of a subtree never changes',
    edits: [
      {
        file: 'workers/transcode/record-tail.ts',
        find: 'if (i >= columnsLength) writeNoHash(out, to)',
        replace: 'if (i >= 0) writeNoHash(out, to)',
      },
    ],
  },
  {
    name: 'an update of an object not told yet is kept back',
    edits: [
      {
        file: 'src/notify/listener-intake.ts',
        find: '    this.#replay.mark(key)\n    this.#push(new PendingChange(key, undefined, false, cell, undefined, ',
        replace:
          '    this.#replay.mark(key)\n    if (this.#filter?.isUnchanged(old, cell) === true) return\n    this.#push(new PendingChange(key, undefined, false, cell, undefined, ',
      },
    ],
  },
]

/** A copy of the engine's sources with the mutation in it; `remove` when done. */
export function plant(mutation: Mutation, repository: string): { root: string; remove: () => void } {
  const root = mkdtempSync(join(tmpdir(), 'kube-informer-mutation-'))
  for (const folder of ['src', 'workers'])
    cpSync(join(repository, folder), join(root, folder), { recursive: true })
  for (const file of ['package.json', 'tsconfig.json']) cpSync(join(repository, file), join(root, file))
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'), 'dir')
  for (const { file, find, replace } of mutation.edits) {
    const path = join(root, file)
    const source = readFileSync(path, 'utf8')
    const places = source.split(find).length - 1
    if (places !== 1) {
      rmSync(root, { recursive: true })
      throw new Error(`mutation "${mutation.name}": its text stands ${places} times in ${file}, not once`)
    }
    writeFileSync(
      path,
      source.replace(find, () => replace),
    )
  }
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) }
}

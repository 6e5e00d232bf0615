import { KeyMap } from '../base/key-map.ts'
import { columnValues, sameColumn } from '../protocol/record-header.ts'
import type { VersionCell } from '../protocol/record-store.ts'
import { LabelKey } from '../selectors/label-key.ts'
import type { CacheEpoch } from './cache-epoch.ts'
import type { IndexDefinition } from './index-definition.ts'
import { ValueIndex } from './value-index.ts'

type Cell = VersionCell<CacheEpoch>

const none: readonly string[] = []

/** One index of a cache, kept in step key by key. */
export abstract class NamedIndex {
  readonly name: string
  readonly definition: IndexDefinition
  readonly index: ValueIndex = new ValueIndex()
  /** false: it lacks what was cached before it, and must not be read. */
  isComplete: boolean

  constructor(name: string, definition: IndexDefinition, isComplete: boolean) {
    this.name = name
    this.definition = definition
    this.isComplete = isComplete
  }

  abstract added(key: string, cell: Cell): void
  abstract updated(key: string, old: Cell, cell: Cell): void
  abstract removed(key: string, old: Cell): void
}

/** Values stand in the record: what a key stood under is read from the version before. */
abstract class RecordIndex extends NamedIndex {
  override added(key: string, cell: Cell): void {
    for (const value of this.valuesOf(cell)) this.index.add(value, key)
  }

  override removed(key: string, old: Cell): void {
    for (const value of this.valuesOf(old)) this.index.delete(value, key)
  }

  protected abstract valuesOf(cell: Cell): readonly string[]
}

/** By a path that the worker wrote into the record's tail. */
export class ColumnIndex extends RecordIndex {
  readonly #column: number

  constructor(name: string, definition: IndexDefinition, isComplete: boolean, column: number) {
    super(name, definition, isComplete)
    this.#column = column
  }

  override updated(key: string, old: Cell, cell: Cell): void {
    // The same bytes mean the same strings only within one dictionary epoch.
    const isSame =
      old.slab.epoch === cell.slab.epoch &&
      sameColumn(old.slab.bytes, old.offset, cell.slab.bytes, cell.offset, this.#column)
    if (!isSame) this.index.move(key, this.valuesOf(old), this.valuesOf(cell))
  }

  protected override valuesOf(cell: Cell): readonly string[] {
    return columnValues(cell.slab.bytes, cell.offset, this.#column, cell.slab.epoch.reader.values)
  }
}

/** By a label, read from the record's label bytes. */
export class LabelKeyIndex extends RecordIndex {
  readonly label: string
  readonly #key: LabelKey

  constructor(name: string, definition: IndexDefinition, isComplete: boolean, label: string) {
    super(name, definition, isComplete)
    this.label = label
    this.#key = new LabelKey(label)
  }

  override updated(key: string, old: Cell, cell: Cell): void {
    const before = this.#valueOf(old)
    const after = this.#valueOf(cell)
    if (before === after) return
    if (before !== undefined) this.index.delete(before, key)
    if (after !== undefined) this.index.add(after, key)
  }

  protected override valuesOf(cell: Cell): readonly string[] {
    const value = this.#valueOf(cell)
    return value === undefined ? none : [value]
  }

  #valueOf(cell: Cell): string | undefined {
    return this.#key.valueIn(cell.slab.bytes, cell.offset, cell.slab.epoch.reader)
  }
}

/** By a function of the object. What a key stands under is remembered: it may answer differently the second time. */
export class ComputedIndex extends NamedIndex {
  readonly #valuesOf: (key: string, cell: Cell) => readonly string[]
  readonly #valuesOfKey = new KeyMap<readonly string[]>()

  /** `valuesOf` must not throw. */
  constructor(
    name: string,
    definition: IndexDefinition,
    isComplete: boolean,
    valuesOf: (key: string, cell: Cell) => readonly string[],
  ) {
    super(name, definition, isComplete)
    this.#valuesOf = valuesOf
  }

  override added(key: string, cell: Cell): void {
    const before = this.#valuesOfKey.get(key) ?? none
    const after = this.#valuesOf(key, cell)
    this.index.move(key, before, after)
    if (after.length > 0) this.#valuesOfKey.set(key, after)
    else if (before.length > 0) this.#valuesOfKey.delete(key)
  }

  override updated(key: string, _old: Cell, cell: Cell): void {
    this.added(key, cell)
  }

  override removed(key: string): void {
    for (const value of this.#valuesOfKey.get(key) ?? none) this.index.delete(value, key)
    this.#valuesOfKey.delete(key)
  }
}

import { role } from '../../src/protocol/field-plan.ts'

/** Where in the source a value stands; `start` < 0: not seen, or not a string. */
export class Span {
  start = -1
  end = -1
}

/** What is special about the object being encoded, noted by its place in the source as the encoder passes. */
export class RecordFacts {
  /** Bits by role: what the object has. */
  found = 0
  readonly name: Span = new Span()
  readonly namespace: Span = new Span()
  readonly uid: Span = new Span()
  readonly version: Span = new Span()
  /** The uid is in the header, as bytes. */
  uidIsBytes = false
  /** metadata was read to its end: what it lacks by now, it lacks. */
  metadataRead = false
  /** Where the labels' map was written; 0: nowhere. */
  labelsAt = 0
  /** Triples: column, start and end of a value in the source. */
  columns: Int32Array<ArrayBuffer> = new Int32Array(3 * 16)
  columnsLength = 0

  reset(): void {
    this.found = 0
    this.name.start = this.namespace.start = this.uid.start = this.version.start = -1
    this.uidIsBytes = false
    this.metadataRead = false
    this.labelsAt = 0
    this.columnsLength = 0
  }

  /** A string of this role stands at `start`. */
  note(what: number, start: number, end: number): void {
    const span = this.#spanOf(what)
    if (span === undefined) return
    span.start = start
    span.end = end
  }

  #spanOf(what: number): Span | undefined {
    switch (what) {
      case role.name:
        return this.name
      case role.namespace:
        return this.namespace
      case role.uid:
        return this.uid
      case role.version:
        return this.version
      default:
        return undefined
    }
  }

  noteColumn(column: number, start: number, end: number): void {
    if (this.columnsLength === this.columns.length) {
      const grown = new Int32Array(this.columns.length * 2)
      grown.set(this.columns)
      this.columns = grown
    }
    this.columns[this.columnsLength] = column
    this.columns[this.columnsLength + 1] = start
    this.columns[this.columnsLength + 2] = end
    this.columnsLength += 3
  }
}

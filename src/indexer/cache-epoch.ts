import { RecordReader } from '../protocol/record-reader.ts'

/** Main's copy of one dictionary epoch, and how to read its records. Alive while a slab of it is. */
export class CacheEpoch {
  readonly incarnation: number
  readonly number: number
  readonly reader: RecordReader
  readonly values: string[] = []
  readonly structures: string[][] = []

  constructor(incarnation: number, number: number) {
    this.incarnation = incarnation
    this.number = number
    this.reader = new RecordReader({ structures: this.structures, values: this.values }, { freeze: true })
  }
}

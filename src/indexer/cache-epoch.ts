import { RecordReader } from '../protocol/record-reader.ts'

/** Main's copy of one dictionary epoch, and how to read its records. Alive while a slab of it is. */
export class CacheEpoch {
  readonly incarnation: number
  readonly number: number
  readonly reader: RecordReader = new RecordReader({ structures: [], values: [] }, { freeze: true })

  constructor(incarnation: number, number: number) {
    this.incarnation = incarnation
    this.number = number
  }
}

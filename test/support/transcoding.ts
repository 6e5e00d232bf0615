import { KubeInformerError } from '../../src/errors.ts'
import { RecordReader } from '../../src/protocol/record-reader.ts'
import { type JsonTranscoder, maxRecordBytes } from '../../workers/transcode/json-transcoder.ts'

/** The record of `json`, in a buffer of its own. */
export function recordOf(transcoder: JsonTranscoder, json: Buffer | string): Buffer {
  const source = Buffer.from(json)
  const out = Buffer.alloc(maxRecordBytes(source.length))
  transcoder.prepare()
  return out.subarray(0, transcoder.transcode(source, 0, source.length, out, 0))
}

export function readRecord(transcoder: JsonTranscoder, record: Buffer, freeze = false): unknown {
  return new RecordReader(transcoder.epoch, { freeze }).read(record, 0)
}

/** Code with which `json` is refused; undefined: it is not. */
export function refusal(transcoder: JsonTranscoder, json: Buffer | string): string | undefined {
  try {
    recordOf(transcoder, json)
    return undefined
  } catch (error) {
    if (error instanceof KubeInformerError) return error.code
    throw error
  }
}

export interface Meta {
  readonly name?: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
}

/** `{"metadata":{…},<members>}` */
export function objectText(members = '', meta: Meta = {}): string {
  const {
    name = 'web-1',
    namespace = 'default',
    uid = '8c9c3f5e-1b1b-4c1b-a1b1-0123456789ab',
    resourceVersion = '42',
  } = meta
  const metadata = JSON.stringify({ name, namespace, uid, resourceVersion })
  return `{"metadata":${metadata}${members === '' ? '' : `,${members}`}}`
}

import { ListDecoder, type ListSummary } from '../../workers/framing/list-decoder.ts'
import { WatchDecoder } from '../../workers/framing/watch-decoder.ts'

export const frameBytesMax = 4096

/** Whole, byte by byte, or in pieces of one size. */
export function* cuts(bytes: Buffer, size: number): Generator<Buffer> {
  // Each piece is a copy that is spoiled afterwards: whoever keeps a view of it shows.
  for (let at = 0; at < bytes.length; at += size) {
    const piece = Buffer.from(bytes.subarray(at, at + size))
    yield piece
    piece.fill(0x21)
  }
}

/** What the decoder told of a body, as text. */
export function decodeWatch(
  chunks: Iterable<Buffer>,
  options: { frameBytesMax?: number; closeAfter?: number } = {},
): { readonly told: string[]; readonly wasCut: boolean } {
  const told: string[] = []
  const tell = (line: string): void => {
    told.push(line)
    if (told.length === options.closeAfter) decoder.close()
  }
  const decoder = new WatchDecoder(
    {
      object: (type, bytes, start, end) => tell(`${type} ${bytes.toString('utf8', start, end)}`),
      bookmark: (version, isEnd) => tell(`BOOKMARK ${version}${isEnd ? ' end' : ''}`),
      error: (status) => tell(`ERROR ${JSON.stringify(status)}`),
      refused: (error, byteCount, prefix) =>
        tell(`refused ${error.code} ${byteCount} ${prefix.toString('utf8', 0, 30)}`),
    },
    { frameBytesMax: options.frameBytesMax ?? frameBytesMax },
  )
  for (const chunk of chunks) decoder.write(chunk)
  return { told, wasCut: decoder.end() }
}

export function decodeList(
  chunks: Iterable<Buffer>,
  options: { frameBytesMax?: number; closeAfter?: number } = {},
): { readonly told: string[]; readonly end: () => ListSummary } {
  const told: string[] = []
  const tell = (line: string): void => {
    told.push(line)
    if (told.length === options.closeAfter) decoder.close()
  }
  const decoder = new ListDecoder(
    {
      items: (apiVersion, kind) => tell(`items ${apiVersion} ${kind}`),
      item: (bytes, start, end) => tell(bytes.toString('utf8', start, end)),
      refused: (error, byteCount, prefix) =>
        tell(`refused ${error.code} ${byteCount} ${prefix.toString('utf8', 0, 30)}`),
    },
    { frameBytesMax: options.frameBytesMax ?? frameBytesMax },
  )
  for (const chunk of chunks) decoder.write(chunk)
  return { told, end: () => decoder.end() }
}

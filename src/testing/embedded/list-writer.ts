import type { Writable } from 'node:stream'
import { ChunkBuilder, chunkBytesMax, type EventEncoder } from './event-encoder.ts'
import type { ListPage } from './lister.ts'

/** Writes a list item by item, never more than a chunk ahead of the reader. Resolves early when the reader is gone. */
export async function writeList(
  target: Writable,
  page: ListPage,
  encoder: EventEncoder,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { head, tail } = encoder.listFrame(page.metadata)
  let chunk = new ChunkBuilder()
  chunk.append(Buffer.from(head, 'utf8'))
  const send = async (): Promise<boolean> => {
    if (target.destroyed) return false
    const bytes = chunk.length
    const goesOn = target.write(chunk.view(), (error) => {
      if (!error) onBytes(bytes)
    })
    chunk = new ChunkBuilder(chunkBytesMax)
    return goesOn || (await drained(target))
  }
  let isFirst = true
  for (const object of page.items) {
    if (chunk.isFullFor(object.body.length + 256) && !(await send())) return
    encoder.item(chunk, object, isFirst)
    isFirst = false
  }
  chunk.append(Buffer.from(tail, 'utf8'))
  onBytes(chunk.length)
  if (!target.destroyed) target.end(chunk.view())
}

/** True when it takes bytes again, false when it is gone. */
function drained(target: Writable): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (isOpen: boolean) => (): void => {
      target.off('drain', onDrain)
      target.off('close', onClose)
      resolve(isOpen)
    }
    const onDrain = settle(true)
    const onClose = settle(false)
    if (target.destroyed) return resolve(false)
    target.on('drain', onDrain)
    target.on('close', onClose)
  })
}

import type { IncomingMessage } from 'node:http'
import { ApiFailure, failures } from './status.ts'

const bodyBytesMax = 3 * 1024 * 1024

/** The parsed body, undefined when there is none. Throws 400, 413, 415. */
export async function readJson(
  request: IncomingMessage,
  types: readonly string[] = ['application/json'],
): Promise<unknown> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > bodyBytesMax) {
      throw new ApiFailure(413, 'RequestEntityTooLarge', `limit is ${bodyBytesMax}`)
    }
    chunks.push(chunk)
  }
  if (length === 0) return undefined
  const type = (request.headers['content-type'] ?? types[0] ?? '').split(';')[0]?.trim() ?? ''
  if (!types.includes(type)) {
    throw failures.unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${types.join(', ')}`,
    )
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    throw failures.badRequest(`the body is not valid JSON: ${String(error)}`)
  }
}

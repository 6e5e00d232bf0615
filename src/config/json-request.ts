import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { parsedJson } from './json-value.ts'

export interface JsonRequest {
  readonly url: string
  /** A form to be posted; absent: GET. */
  readonly form?: URLSearchParams
  readonly headers?: Readonly<Record<string, string>>
  /** Authorities to trust, PEM. */
  readonly ca?: string | undefined
  readonly signal: AbortSignal
}

export interface JsonAnswer {
  readonly status: number
  /** undefined: no JSON. */
  readonly body: unknown
}

const bodyBytesMax = 1024 * 1024

/**
 * One small request to somebody who is not the API server (an issuer of tokens), by Node's own client: no package is
 * loaded, no connection kept, no redirect followed. Rejects with Node's error, or when the body is larger than 1 MiB.
 */
export function requestJson({ url, form, headers, ca, signal }: JsonRequest): Promise<JsonAnswer> {
  const open = url.startsWith('https:') ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const request = open(
      url,
      {
        method: form === undefined ? 'GET' : 'POST',
        headers: {
          accept: 'application/json',
          ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
          ...headers,
        },
        agent: false,
        signal,
        ...(ca !== undefined && { ca }),
      },
      (response) => void readJson(response).then(resolve, reject),
    )
    request.on('error', reject)
    request.end(form?.toString())
  })
}

async function readJson(response: IncomingMessage): Promise<JsonAnswer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bodyBytesMax) throw new Error('the answer is too large')
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  return { status: response.statusCode ?? 0, body: parsedJson(text) }
}

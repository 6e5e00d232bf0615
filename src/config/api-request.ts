import { type Dispatcher, Pool } from 'undici'
import { redact } from '../base/redact.ts'
import { nodeRuntime } from '../base/runtime.ts'
import { KubeInformerError } from '../errors.ts'
import { endpointOf, makeConnector } from '../net/connector.ts'
import { secretsOf } from '../net/secrets.ts'
import { Sockets } from '../net/sockets.ts'
import type { ConnectionMaterial } from '../protocol/messages.ts'
import { statusObjectError } from '../protocol/status-error.ts'
import type { CredentialsBroker } from './credentials-broker.ts'

/** Small requests of the main thread (discovery, the command line's audit): the data path never comes here. */
export class ApiClient {
  readonly #broker: CredentialsBroker
  readonly #sockets = new Sockets()
  #pool: Pool | undefined
  #endpoint: string | undefined
  #isClosed = false

  constructor(broker: CredentialsBroker) {
    this.#broker = broker
  }

  /**
   * The parsed JSON body of a GET. A 401 is tried once more with fresh credentials.
   * Rejects with ERR_CONNECTION, ERR_UNAUTHORIZED, ERR_FORBIDDEN, ERR_NOT_FOUND, ERR_API_STATUS,
   * ERR_UNEXPECTED_BODY, ERR_CLOSED; with `signal.reason` when aborted.
   */
  async getJson(path: string, options: JsonRequestOptions = {}): Promise<unknown> {
    try {
      return await this.#get(await this.#broker.material(), path, options)
    } catch (error) {
      if (!(error instanceof KubeInformerError) || error.code !== 'ERR_UNAUTHORIZED') throw error
      return await this.#get(await this.#broker.refresh(), path, options)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#pool?.destroy()
    this.#pool = undefined
    await this.#sockets.destroy()
  }

  async #get(material: ConnectionMaterial, path: string, options: JsonRequestOptions): Promise<unknown> {
    const base = new URL(material.server)
    let answer: Dispatcher.ResponseData
    let text: string
    try {
      const pool = await this.#poolFor(material)
      answer = await pool.request({
        path: base.pathname.replace(/\/$/, '') + path,
        method: 'GET',
        headers: { ...material.headers, accept: options.accept ?? 'application/json' },
        ...(options.signal && { signal: options.signal }),
      })
      text = await bodyText(answer, options.bodyBytesMax ?? bodyBytesMaxDefault)
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason
      if (error instanceof KubeInformerError) throw error
      throw new KubeInformerError('ERR_CONNECTION', `${base.origin} cannot be reached`, { cause: error })
    }
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch {
      if (answer.statusCode < 400) {
        throw new KubeInformerError('ERR_UNEXPECTED_BODY', `${base.origin}${path} did not answer with JSON`, {
          facts: { status: answer.statusCode },
        })
      }
    }
    if (answer.statusCode >= 400) {
      throw statusObjectError(body, answer.statusCode, undefined, path.split('?', 1)[0], (text) =>
        redact(text, secretsOf(material)),
      )
    }
    return body
  }

  /** One pool per material: rotated certificates need new connections. */
  async #poolFor(material: ConnectionMaterial): Promise<Pool> {
    // Material may come after the end; whoever closes has gone by then.
    if (this.#isClosed) throw closed()
    const endpoint = endpointOf(material)
    if (this.#pool === undefined || this.#endpoint !== endpoint) {
      await this.#pool?.destroy()
      if (this.#isClosed) throw closed()
      this.#pool = new Pool(new URL(material.server).origin, {
        connect: makeConnector({ material, runtime: nodeRuntime, onSocket: this.#sockets.add }),
        connections: 4,
      })
    }
    this.#endpoint = endpoint
    return this.#pool
  }
}

function closed(): KubeInformerError {
  return new KubeInformerError('ERR_CLOSED', 'closed before the request was made')
}

export interface JsonRequestOptions {
  readonly accept?: string
  readonly signal?: AbortSignal | undefined
  /** @default 64 MiB */
  readonly bodyBytesMax?: number
}

const bodyBytesMaxDefault = 64 * 1024 * 1024

async function bodyText(answer: Dispatcher.ResponseData, bodyBytesMax: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bodyBytesMax) {
      throw new KubeInformerError('ERR_UNEXPECTED_BODY', `an answer is larger than ${bodyBytesMax} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, bytes).toString('utf8')
}

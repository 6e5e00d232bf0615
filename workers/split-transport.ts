import type { ConnectionMaterial } from '../src/protocol/messages.ts'
import type { RequestKind, Transport, TransportHandler, TransportRequest } from './transport.ts'

/**
 * Lists by a user's function, watches by the API server. A function that takes no arguments gives the same first page
 * again and again: further pages are asked of the API server by their token, and so is its present version.
 */
export class SplitTransport implements Transport {
  readonly #lists: Transport
  readonly #rest: Transport

  constructor(lists: Transport, rest: Transport) {
    this.#lists = lists
    this.#rest = rest
  }

  open(path: string, query: URLSearchParams, handler: TransportHandler, kind: RequestKind): TransportRequest {
    const transport = kind === 'list' && !query.has('continue') ? this.#lists : this.#rest
    return transport.open(path, query, handler, kind)
  }

  setConnection(material: ConnectionMaterial): void {
    this.#rest.setConnection(material)
  }

  async close(): Promise<void> {
    await Promise.all([this.#lists.close(), this.#rest.close()])
  }
}

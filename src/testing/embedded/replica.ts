import { HttpListener } from './http-listener.ts'
import { type HandlerContext, RequestHandler } from './request-handler.ts'

/**
 * A further API server over the same state, at an address of its own, as the replicas of a control plane are over one
 * etcd: {@link start} it, {@link stop} it, as often as you like. Its watch cache begins anew at each start: a watch from
 * a version before that ends with 410, though the others would still serve it.
 */
export class EmbeddedReplica {
  readonly #listener: HttpListener
  readonly #context: HandlerContext
  #watchFloor = 0

  constructor(context: HandlerContext, onConnection: () => void, host: string) {
    this.#context = context
    const handler = new RequestHandler({ ...context, watchFloor: () => this.#watchFloor })
    this.#listener = new HttpListener(handler.handle, onConnection, { host, port: 0, tls: undefined })
  }

  /** Known once it has started; the same after every start. */
  get url(): string {
    return this.#listener.url
  }

  get connections(): number {
    return this.#listener.connections
  }

  async start(): Promise<this> {
    this.#watchFloor = this.#context.versions.current
    await this.#listener.listen()
    return this
  }

  /** Breaks its connections and stops listening. */
  async stop(): Promise<void> {
    await this.#listener.stop()
  }
}

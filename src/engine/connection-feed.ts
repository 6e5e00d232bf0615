import type { CredentialsBroker } from '../config/credentials-broker.ts'
import { KubeInformerError } from '../errors.ts'
import { toWireError } from '../protocol/error-wire.ts'
import type { ConnectionMaterial, ToWatch } from '../protocol/messages.ts'

const nowhere: ConnectionMaterial = { server: '', headers: {} }

/** Keeps the runs of a watch supplied with what to connect with. */
export class ConnectionFeed {
  /** undefined: the watch asks no server. */
  readonly #broker: CredentialsBroker | undefined
  readonly #post: (message: ToWatch) => void
  #current: ConnectionMaterial | undefined
  /** How many the present run was sent after its first. */
  #sent = 0
  #endListening: (() => void) | undefined

  constructor(broker: CredentialsBroker | undefined, post: (message: ToWatch) => void) {
    this.#broker = broker
    this.#post = post
  }

  /** Until {@link stop}: certificates are replaced on disk while watches run, and no server says 401 for those. */
  start(): void {
    this.#endListening ??= this.#broker?.listen((connection) => this.#send(connection))
  }

  stop(): void {
    this.#endListening?.()
    this.#endListening = undefined
  }

  /** What a new run begins with. */
  async first(): Promise<ConnectionMaterial> {
    const connection = this.#broker === undefined ? nowhere : await this.#broker.material()
    this.#current = connection
    this.#sent = 0
    return connection
  }

  /** A connection broke. */
  broken(): void {
    this.#broker?.reload()
  }

  /** The server did not accept a request that was made when so many connections had come to the run. */
  refused(connectionsOfRequest: number): void {
    // Others were refused before, and what their refresh brought is on its way, or came after the request was made.
    if (this.#current !== undefined && connectionsOfRequest < this.#sent) {
      this.#send(this.#current)
      return
    }
    const refreshed =
      this.#broker?.refresh() ??
      Promise.reject(
        new KubeInformerError('ERR_UNAUTHORIZED', 'the source answered 401: its credentials are its own'),
      )
    refreshed.then(
      (connection) => this.#send(connection),
      (error: unknown) => this.#post({ type: 'connection-failed', error: toWireError(error) }),
    )
  }

  #send(connection: ConnectionMaterial): void {
    this.#current = connection
    this.#sent++
    this.#post({ type: 'connection', connection })
  }
}

import type { Runtime } from '../../src/base/runtime.ts'
import type { ConnectionMaterial, WatchSpec } from '../../src/protocol/messages.ts'
import { Driver } from '../../src/reflector/driver.ts'
import type { AnswerReader } from '../../src/reflector/host.ts'
import type { DeltaSink } from '../delta.ts'
import type { Transport } from '../transport.ts'
import type { ReflectorHost } from './host.ts'
import { ResponseReader } from './response-reader.ts'

export interface ReflectorDriverOptions {
  readonly spec: WatchSpec
  readonly runtime: Runtime
  readonly transport: Transport
  readonly sink: DeltaSink
  readonly host: ReflectorHost
}

/** Of a request that is not made. */
const noReader: AnswerReader = { pause() {}, resume() {}, close() {} }

/** The driver of a watch: its answers are bytes of a transport, decoded on their way to the sink. */
export class ReflectorDriver extends Driver {
  readonly #options: ReflectorDriverOptions
  readonly #connections: { received: number; ofRequest: number }
  #material: string

  constructor(options: ReflectorDriverOptions) {
    const { spec } = options
    const connections = { received: 0, ofRequest: 0 }
    super({
      timing: spec.timing,
      runtime: options.runtime,
      sink: options.sink,
      host: options.host,
      // A user's functions know no stream of initial events, and never will.
      ...((spec.source !== undefined || spec.listOnly === true) && {
        initial: { listMode: 'paged', streamAgainAtMs: Number.POSITIVE_INFINITY },
      }),
      open: ({ request, query }, calls) => {
        connections.ofRequest = connections.received
        if (spec.listOnly === true && request === 'watch') return noReader
        return new ResponseReader({ ...options, ...calls, kind: request, query })
      },
    })
    this.#options = options
    this.#connections = connections
    this.#material = JSON.stringify(spec.connection)
  }

  override start(): void {
    const { resumeVersion, knownVersion, probeFirst } = this.#options.spec
    super.start(resumeVersion, knownVersion, probeFirst)
  }

  connectionReady(material: ConnectionMaterial): void {
    if (this.state.name === 'stopped') return
    this.#connections.received++
    const text = JSON.stringify(material)
    // The same again would make a transport forget which secrets it had before.
    if (text !== this.#material) this.#options.transport.setConnection(material)
    this.#material = text
    this.connectionChanged()
  }

  /** How many connections had come before the last request was made: it was sent with the newest of these. */
  get connectionsOfRequest(): number {
    return this.#connections.ofRequest
  }
}

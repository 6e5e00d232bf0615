import type { Runtime } from '../../src/base/runtime.ts'
import type { ConnectionMaterial, WatchSpec } from '../../src/protocol/messages.ts'
import { Driver } from '../../src/reflector/driver.ts'
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

/** The driver of a watch: its answers are bytes of a transport, decoded on their way to the sink. */
export class ReflectorDriver extends Driver {
  readonly #options: ReflectorDriverOptions

  constructor(options: ReflectorDriverOptions) {
    const { spec } = options
    super({
      timing: spec.timing,
      runtime: options.runtime,
      sink: options.sink,
      host: options.host,
      // A user's functions know no stream of initial events, and never will.
      ...(spec.source !== undefined && {
        initial: { listMode: 'paged', streamAgainAtMs: Number.POSITIVE_INFINITY },
      }),
      open: ({ request, query }, calls) => new ResponseReader({ ...options, ...calls, kind: request, query }),
    })
    this.#options = options
  }

  override start(): void {
    const { resumeVersion, knownVersion } = this.#options.spec
    super.start(resumeVersion, knownVersion)
  }

  connectionReady(material: ConnectionMaterial): void {
    if (this.state.name === 'stopped') return
    this.#options.transport.setConnection(material)
    this.connectionChanged()
  }
}

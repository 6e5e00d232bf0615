import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface WireOptions {
  readonly port: number
  /** Of each direction of all connections together. */
  readonly bytesPerSecond: number
  readonly roundTripMs: number
}

export interface Wire {
  readonly port: number
  close(): Promise<void>
}

/** A network between client and server on one machine: so many bytes a second, each half a round trip late. */
export async function thinWire({ port, bytesPerSecond, roundTripMs }: WireOptions): Promise<Wire> {
  const sockets = new Set<Socket>()
  const lanes = [new Lane(bytesPerSecond, roundTripMs), new Lane(bytesPerSecond, roundTripMs)] as const
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    for (const [from, to, lane] of [
      [client, upstream, lanes[0]],
      [upstream, client, lanes[1]],
    ] as const) {
      sockets.add(from)
      from.setNoDelay(true).on('error', () => {})
      from.once('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      lane.join(from, to)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** One direction: chunks leave one after the other, at the wire's speed. */
class Lane {
  readonly #bytesPerSecond: number
  readonly #delayMs: number
  readonly #bytesMax: number
  #freeAtMs = 0

  constructor(bytesPerSecond: number, roundTripMs: number) {
    this.#bytesPerSecond = bytesPerSecond
    this.#delayMs = roundTripMs / 2
    // A kernel's window: what fits on the wire, and a little.
    this.#bytesMax = (bytesPerSecond * (roundTripMs + 5)) / 1000 + 256 * 1024
  }

  join(from: Socket, to: Socket): void {
    const waiting: { readonly chunk: Buffer; readonly dueMs: number }[] = []
    let bytes = 0
    let timer: NodeJS.Timeout | undefined
    const deliver = (): void => {
      timer = undefined
      // Timers know whole milliseconds; what is due in the present one goes with it.
      while (waiting[0] !== undefined && waiting[0].dueMs <= performance.now() + 0.5) {
        const { chunk } = waiting.shift() as { chunk: Buffer }
        bytes -= chunk.length
        if (to.writable) to.write(chunk)
      }
      if (bytes < this.#bytesMax && from.isPaused()) from.resume()
      if (waiting[0] !== undefined)
        timer = setTimeout(deliver, Math.max(0, waiting[0].dueMs - performance.now()))
    }
    from.on('data', (chunk: Buffer) => {
      const nowMs = performance.now()
      this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + (chunk.length * 1000) / this.#bytesPerSecond
      waiting.push({ chunk, dueMs: this.#freeAtMs + this.#delayMs })
      bytes += chunk.length
      if (bytes >= this.#bytesMax) from.pause()
      timer ??= setTimeout(deliver, this.#freeAtMs + this.#delayMs - nowMs)
    })
    from.once('close', () => clearTimeout(timer))
  }
}

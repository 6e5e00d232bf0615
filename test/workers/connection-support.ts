import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, Server as NetServer, Socket } from 'node:net'
import { expect } from 'vitest'
import type { KubeInformerError } from '../../src/errors.ts'
import type { ConnectionMaterial } from '../../src/protocol/messages.ts'
import { HttpTransport } from '../../workers/connection.ts'
import type { TransportHandler, TransportRequest } from '../../workers/transport.ts'

/** What the tests of this file must stop, newest first. */
export const ends: (() => Promise<unknown>)[] = []

export async function endAll(): Promise<void> {
  for (const end of ends.splice(0).reverse()) await end()
}

export interface TestServer {
  readonly url: string
  readonly sockets: Set<Socket>
  /** Sockets ever accepted. */
  readonly accepted: () => number
}

export async function listen(server: NetServer, scheme = 'http'): Promise<TestServer> {
  const sockets = new Set<Socket>()
  let accepted = 0
  server.on('connection', (socket: Socket) => {
    accepted++
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, sockets, accepted: () => accepted }
}

export const serve = (listener: RequestListener): Promise<TestServer> => listen(createServer(listener))

export function transportOf(server: string, more: Partial<ConnectionMaterial> = {}): HttpTransport {
  const transport = new HttpTransport({ server, headers: {}, ...more }, 'none')
  ends.push(() => transport.close())
  return transport
}

export class Answer implements TransportHandler {
  readonly calls: string[] = []
  readonly request: TransportRequest
  error: KubeInformerError | undefined
  body = ''
  wireBytes = 0
  #waiting: (() => void)[] = []

  constructor(transport: HttpTransport, path = '/api/v1/pods', query: Record<string, string> = {}) {
    this.request = transport.open(path, new URLSearchParams(query), this)
    // Never before open() has returned.
    expect(this.calls).toEqual([])
  }

  onHeaders(): void {
    this.#call('headers')
  }

  onData(chunk: Buffer, wireBytes: number = chunk.length): void {
    this.wireBytes += wireBytes
    this.body += chunk.toString()
    this.#call('data')
  }

  onEnd(): void {
    this.#call('end')
  }

  onError(error: KubeInformerError): void {
    this.error = error
    this.#call('error')
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  async done(): Promise<this> {
    await this.until(() => this.calls.includes('end') || this.calls.includes('error'))
    return this
  }

  #call(name: string): void {
    this.calls.push(name)
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

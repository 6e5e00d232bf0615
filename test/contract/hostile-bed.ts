import {
  createServer,
  request as forward,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { ReflectorTiming } from '../../src/index.ts'
import { createInformerFactory, type Informer, type InformerFactory } from '../../src/index.ts'
import { EmbeddedApiServer } from '../../src/testing/index.ts'
import type { ConfigMap } from './contract-bed.ts'

export type Evil = (response: ServerResponse, request: IncomingMessage) => unknown

/** An API server behind one that answers requests for config maps of some namespaces as it likes. */
export class HostileBed {
  readonly server: EmbeddedApiServer
  readonly factory: InformerFactory
  readonly #front: Server
  readonly #sockets = new Set<Socket>()
  /** By namespace. */
  readonly evils: Map<string, { readonly kind: 'list' | 'watch'; readonly answer: Evil }> = new Map()

  private constructor(server: EmbeddedApiServer, front: Server, factory: (url: string) => InformerFactory) {
    this.server = server
    this.#front = front
    this.factory = factory(`http://127.0.0.1:${(front.address() as AddressInfo).port}`)
  }

  static async start(options: {
    readonly threads: number
    readonly hasWatchList?: boolean
    readonly timing?: Partial<ReflectorTiming>
  }): Promise<HostileBed> {
    const server = new EmbeddedApiServer({ hasWatchList: options.hasWatchList ?? false })
    await server.start()
    let bed: HostileBed | undefined
    const front = createServer((request, response) => bed?.answer(request, response))
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
    const timing = { backoffBaseMs: 20, backoffMaxMs: 100, ...options.timing }
    bed = new HostileBed(server, front, (url) =>
      createInformerFactory({
        kubeConfig: { server: url },
        threads: options.threads,
        maxConcurrentSyncs: 100,
        timing,
      }),
    )
    front.on('connection', (socket: Socket) => bed?.keep(socket))
    return bed
  }

  keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://front')
    // A stream of initial events is for the real one to refuse.
    const isStream = url.searchParams.has('sendInitialEvents')
    const kind = isStream ? 'stream' : url.searchParams.has('watch') ? 'watch' : 'list'
    const evil = this.evils.get(/^\/api\/v1\/namespaces\/(.*)\/configmaps$/.exec(url.pathname)?.[1] ?? '')
    response.on('error', () => {})
    if (evil?.kind === kind) {
      evil.answer(response, request)
      return
    }
    const { url: path, method, headers } = request
    const upstream = forward(`${this.server.url}${path}`, { method: method ?? 'GET', headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      response.flushHeaders()
      answer.pipe(response)
    })
    upstream.on('error', () => response.destroy())
    response.on('close', () => upstream.destroy())
    upstream.end()
  }

  configMapsOf(namespace: string): Informer<ConfigMap> {
    const handle = this.factory.core.v1.configmaps.select({ namespace })
    return handle.informer as unknown as Informer<ConfigMap>
  }

  create(namespace: string, name: string): void {
    this.server.create('configmaps', { metadata: { name, namespace } })
  }

  /** What the server holds, as `key` → `uid@resourceVersion`. */
  truth(inNamespace: string): Map<string, string> {
    const held = this.server.list('configmaps').map((object) => (object as unknown as ConfigMap).metadata)
    return new Map(
      held
        .filter(({ namespace }) => namespace === inNamespace)
        .map(({ namespace, name, uid, resourceVersion }) => [
          `${namespace}/${name}`,
          `${uid}@${resourceVersion}`,
        ]),
    )
  }

  async end(): Promise<void> {
    await this.factory.close()
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#front.close(resolve))
    await this.server.close()
  }
}

/** Highest resident memory above what it was, looked at while `use` runs. */
export async function peakGrowthBytes(use: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage.rss()
  let peak = before
  const look = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, 10)
  try {
    await use()
  } finally {
    clearInterval(look)
  }
  return Math.max(peak, process.memoryUsage.rss()) - before
}

/** Writes what `next` gives as fast as it is read, until there is no more or the reader has gone. */
export function pour(response: ServerResponse, next: () => Buffer | string | undefined): Promise<void> {
  return new Promise((resolve) => {
    response.once('close', resolve)
    const write = (): void => {
      for (let turn = 0; turn < 16; turn++) {
        if (response.destroyed) return
        const chunk = next()
        if (chunk === undefined) {
          resolve()
          return
        }
        if (!response.write(chunk)) {
          response.once('drain', write)
          return
        }
      }
      setImmediate(write)
    }
    write()
  })
}

/** The same for ever. */
export const endless =
  (chunk: Buffer | string): Evil =>
  (response) =>
    pour(response, () => chunk)

/** An answer whose head and body are just these bytes, and then nothing more; the socket stays open. */
export const raw =
  (text: string): Evil =>
  (response) =>
    response.socket?.write(text)

/** The same, and the connection ends. */
export const rawEnd =
  (text: string): Evil =>
  (response) =>
    response.socket?.end(text)

export const listHead =
  '{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"1500"},"items":['

const MiB = 1024 * 1024

/** gzip of `count` times 64 MiB of `byte` between two texts: 64 KiB per time. */
export async function bomb(
  response: ServerResponse,
  head: string,
  byte: string,
  tail: string,
  count: number,
): Promise<void> {
  const filling = gzipSync(Buffer.alloc(64 * MiB, byte))
  response.writeHead(200, { 'content-encoding': 'gzip' })
  response.write(gzipSync(head))
  let left = count
  await pour(response, () => (left-- > 0 ? filling : undefined))
  response.end(gzipSync(tail))
}

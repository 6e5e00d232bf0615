// `npm run bench -- http2`: one large list, and 200 quiet watches, over TLS by HTTP/1.1 and by HTTP/2. The client has a
// thread of its own; server and wire share the other.
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { Client, type Dispatcher, Pool } from 'undici'
import { testCertificate } from '../test/support/test-certificate.ts'
import { thinWire } from './support/thin-wire.ts'

const listMB = 60
const watchCount = 200
const modes = ['HTTP/1.1', 'HTTP/2', 'HTTP/2, large windows'] as const

interface Result {
  readonly listMs: number
  readonly listCpuMs: number
  readonly watchesMs: number
}

if (isMainThread) await serve()
else await measure(workerData as { readonly port: number; readonly mode: (typeof modes)[number] })

async function serve(): Promise<void> {
  const block = Buffer.alloc(62_500, '{"a":"text as pods have it"},')
  const server = createSecureServer({ ...testCertificate, allowHTTP1: true }, (request, response) => {
    response.writeHead(200)
    if (request.url === '/watch') return void response.write('x\n')
    let left = listMB * 16
    const write = (): void => {
      while (left-- > 0) {
        if (!response.write(block)) return void response.once('drain', write)
      }
      response.end()
    }
    write()
  })
  let sockets = 0
  server.on('connection', () => sockets++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  console.log(
    '| network         | protocol              | list, MB/s | its CPU, ms | 200 watches, ms | sockets |',
  )
  console.log(
    '| --------------- | --------------------- | ---------- | ----------- | --------------- | ------- |',
  )
  for (const network of [undefined, { bytesPerSecond: 125e6, roundTripMs: 20 }]) {
    const wire = network && (await thinWire({ port, ...network }))
    for (const mode of modes) {
      sockets = 0
      const worker = new Worker(new URL(import.meta.url), { workerData: { port: wire?.port ?? port, mode } })
      const result = await new Promise<Result>((resolve, reject) => {
        worker.once('message', resolve).once('error', reject)
      })
      const cells = [
        (network === undefined ? 'loopback' : '1 Gbit/s, 20 ms').padEnd(15),
        mode.padEnd(21),
        ((listMB * 1000) / result.listMs).toFixed(0).padStart(10),
        result.listCpuMs.toFixed(0).padStart(11),
        result.watchesMs.toFixed(0).padStart(15),
        String(sockets).padStart(7),
      ]
      console.log(`| ${cells.join(' | ')} |`)
      await worker.terminate()
    }
    await wire?.close()
  }
  process.exit(0)
}

async function measure({ port, mode }: { port: number; mode: (typeof modes)[number] }): Promise<void> {
  const origin = `https://localhost:${port}`
  const ca = testCertificate.cert
  const windows = { initialWindowSize: 4 * 2 ** 20, connectionWindowSize: 64 * 2 ** 20 }
  const dispatcher: Dispatcher =
    mode === 'HTTP/1.1'
      ? new Pool(origin, { connect: { ca, allowH2: false } })
      : new Client(origin, {
          allowH2: true,
          pipelining: watchCount + 1,
          maxConcurrentStreams: watchCount + 1,
          connect: { ca, allowH2: true },
          ...(mode === 'HTTP/2, large windows' && windows),
        })
  const read = (path: string, bytesMax: number): Promise<void> =>
    new Promise((resolve, reject) => {
      let bytes = 0
      dispatcher.dispatch(
        { path, method: 'GET', headersTimeout: 0, bodyTimeout: 0 },
        {
          onRequestStart() {},
          onResponseStart() {},
          onResponseData(_controller, chunk) {
            bytes += chunk.length
            if (bytes >= bytesMax) resolve()
          },
          onResponseEnd: () => resolve(),
          onResponseError: (_controller, error) => reject(error),
        },
      )
    })
  const start = performance.now()
  const cpu = process.threadCpuUsage()
  await read('/list', Number.POSITIVE_INFINITY)
  const listMs = performance.now() - start
  const { user, system } = process.threadCpuUsage(cpu)
  const before = performance.now()
  await Promise.all(Array.from({ length: watchCount }, () => read('/watch', 1)))
  const result: Result = {
    listMs,
    listCpuMs: (user + system) / 1000,
    watchesMs: performance.now() - before,
  }
  parentPort?.postMessage(result)
}

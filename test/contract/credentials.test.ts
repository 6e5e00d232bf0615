import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type Server, type TlsOptions } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nextTestCertificate, testCertificate } from '../support/test-certificate.ts'
import { ContractBed, threadCounts, until } from './contract-bed.ts'

let directory: string
let bed: ContractBed | undefined
const path = (name: string): string => join(directory, name)

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'credentials-'))
})

afterEach(async () => {
  await bed?.end()
  bed = undefined
  rmSync(directory, { recursive: true })
})

function writeKubeConfig(server: string, user: object, cluster: object = {}): string {
  const config = {
    'current-context': 'c',
    clusters: [{ name: 'c', cluster: { server, ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  }
  writeFileSync(path('config'), JSON.stringify(config))
  return path('config')
}

/** A plugin that gives what stands in the file `token`, and counts its runs. */
function pluginUser(): object {
  writeFileSync(path('runs'), '')
  const script = `#!/bin/sh
echo run >> '${path('runs')}'
printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$(cat '${path('token')}')"`
  writeFileSync(path('plugin.sh'), script, { mode: 0o755 })
  return { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin.sh' } }
}

const runs = (): number => readFileSync(path('runs'), 'utf8').split('\n').length - 1

/** Informers of so many namespaces: a watch each. */
function watches(kubeConfig: { file: string }, count: number) {
  const factory = (bed as ContractBed).factory({ kubeConfig })
  const informers = Array.from(
    { length: count },
    (_, index) => factory.core.v1.configmaps.select({ namespace: `n${index}` }).informer,
  )
  factory.start()
  return { factory, informers }
}

describe.each(threadCounts)('credentials while watches run, threads: $threads', ({ threads }) => {
  it('a token file is read again for the next request after a 401', async () => {
    bed = await ContractBed.start(threads, { tokens: { one: 'all' } })
    const { server } = bed
    writeFileSync(path('token'), 'one\n')
    const factory = bed.factory({ kubeConfig: { server: server.url, tokenFile: path('token') } })
    const { configmaps } = factory.core.v1
    configmaps.informer
    factory.start()
    await factory.waitForCacheSync()
    writeFileSync(path('token'), 'two\n')
    server.access.revoke('one')
    server.access.set('two', 'all')
    server.faults.cutStreams()
    bed.create('after')
    await until(() => configmaps.lister.get('default/after') !== undefined, 'the change is there')
    expect(configmaps.informer.stats().watch.relists).toBe(0)
  })

  it('one run of a plugin serves all watches that are refused together', async () => {
    bed = await ContractBed.start(threads, { tokens: { one: 'all' } })
    const { server } = bed
    writeFileSync(path('token'), 'one')
    const file = writeKubeConfig(server.url, pluginUser())
    const { factory, informers } = watches({ file }, 12)
    await factory.waitForCacheSync()
    expect(runs()).toBe(1)
    writeFileSync(path('token'), 'two')
    server.access.revoke('one')
    server.access.set('two', 'all')
    const before = server.stats().watchers
    server.faults.cutStreams()
    await until(
      () => server.stats().watchers === before && informers.every((each) => each.state === 'watching'),
      'all watch again',
    )
    expect(runs()).toBe(2)
  })

  it('a second refusal backs off in sight, and the plugin is run ever more seldom', async () => {
    bed = await ContractBed.start(threads, { tokens: {} })
    writeFileSync(path('token'), 'refused-token-of-the-plugin')
    const file = writeKubeConfig(bed.server.url, pluginUser())
    const { factory, informers } = watches({ file }, 8)
    await until(() => informers.every((each) => each.health().attempt >= 3), 'all were refused several times')
    // 8 watches with some tries each; runs after 0, 1, 3, 7, 15 s.
    expect(runs()).toBeLessThan(7)
    for (const health of factory.health()) {
      expect(health).toMatchObject({ hasSynced: false, error: { code: 'ERR_UNAUTHORIZED' } })
    }
    bed.server.access.set('refused-token-of-the-plugin', 'all')
    await factory.waitForCacheSync()
  })
})

/** An API server's TLS: only clients with a certificate that it knows. */
class TlsFront {
  readonly #sockets = new Set<Socket>()
  readonly #server: Server

  constructor(options: TlsOptions, port: number) {
    this.#server = createServer({ ...options, requestCert: true, rejectUnauthorized: true })
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    this.#server.on('tlsClientError', () => {})
    this.#server.on('secureConnection', (socket) => {
      const behind = connect(port, '127.0.0.1')
      socket.pipe(behind).pipe(socket)
      for (const end of [socket, behind])
        end.on('error', () => {}).once('close', () => [socket, behind].map((each) => each.destroy()))
    })
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `https://127.0.0.1:${(this.#server.address() as { port: number }).port}`
  }

  rotate(options: TlsOptions): void {
    this.#server.setSecureContext(options)
    this.cut()
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

describe.each(threadCounts)('certificates on disk, threads: $threads', ({ threads }) => {
  it('authority, server and client are replaced at once: the watch goes on with the new ones', async () => {
    bed = await ContractBed.start(threads)
    // Self-signed, so each is its own authority, for both ends.
    const tlsOf = ({ cert, key }: typeof testCertificate) => ({ cert, key, ca: cert })
    const front = new TlsFront(tlsOf(testCertificate), Number(new URL(bed.server.url).port))
    const write = ({ cert, key }: typeof testCertificate): void => {
      writeFileSync(path('ca.crt'), cert)
      writeFileSync(path('client.crt'), cert)
      writeFileSync(path('client.key'), key)
    }
    try {
      write(testCertificate)
      const user = { 'client-certificate': 'client.crt', 'client-key': 'client.key' }
      const file = writeKubeConfig(await front.listen(), user, { 'certificate-authority': 'ca.crt' })
      const factory = bed.factory({ kubeConfig: { file } })
      const { configmaps } = factory.core.v1
      configmaps.informer
      factory.start()
      await factory.waitForCacheSync()
      // A pair that is half written is not used: what there was goes on.
      writeFileSync(path('client.crt'), nextTestCertificate.cert)
      front.cut()
      bed.create('between')
      await until(() => configmaps.lister.get('default/between') !== undefined, 'the first change is there')
      front.rotate(tlsOf(nextTestCertificate))
      write(nextTestCertificate)
      bed.create('after')
      await until(() => configmaps.lister.get('default/after') !== undefined, 'the second change is there')
      expect(configmaps.informer.stats()).toMatchObject({ workerRestarts: 0, watch: { relists: 0 } })
    } finally {
      await bed.end()
      bed = undefined
      await front.close()
    }
  })
})

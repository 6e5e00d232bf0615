import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createInformerFactory, type KubernetesObject, type Logger, WorkQueue } from '../../src/index.ts'
import { channels } from '../../src/observe/channels.ts'
import { threadCounts, until } from './contract-bed.ts'

const content = 'c0ntent-of-a-secret'
const forms = [content, Buffer.from(content).toString('base64'), encodeURIComponent(content)]

function secret(name: string, version: number, more: object = {}): string {
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': `{"stringData":"${content}"}` }
  const metadata = { name, namespace: 'web', uid: `uid-${name}`, resourceVersion: `${version}`, annotations }
  const data = { password: Buffer.from(content).toString('base64') }
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    data,
    stringData: { content },
    ...more,
  })
}

/** Objects that are refused, each for another reason. */
const broken: readonly string[] = [
  secret('unquoted', 2).replace(`"${content}"`, content),
  secret('cut', 3).slice(0, -20),
  `{"metadata":{"name":"no-uid","namespace":"web"},"stringData":{"content":"${content}"}}`,
  secret('no-version', 4).replace('"resourceVersion":"4",', ''),
  secret('deep', 5).replace(
    '"stringData"',
    `"deep":${'['.repeat(2_000)}"${content}"${']'.repeat(2_000)},"stringData"`,
  ),
  secret('large', 6, { large: content.repeat(5_000) }),
]

describe.each(threadCounts)('the content of a Secret, threads: $threads', ({ threads }) => {
  let server: Server
  let watch: ServerResponse | undefined
  beforeEach(async () => {
    server = createServer((request, response) => {
      const { searchParams } = new URL(request.url ?? '', 'http://server')
      if (searchParams.has('sendInitialEvents')) {
        response.writeHead(400).end(JSON.stringify({ kind: 'Status', code: 400, message: 'no streams' }))
      } else if (searchParams.has('watch')) {
        response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
        watch = response
      } else {
        // `cut` has no end: in a list it would take the others with it.
        const items = [secret('good', 1), secret('gone', 1), ...broken.filter((text) => text.endsWith('}'))]
        const head = '{"kind":"SecretList","apiVersion":"v1","metadata":{"resourceVersion":"10"},"items":['
        response.writeHead(200, { 'content-type': 'application/json' }).end(`${head}${items.join(',')}]}`)
      }
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  it('stands in no error, state, figure, metric, log line, channel message or warning', async () => {
    const shown: unknown[] = []
    const show = (message: unknown): number => shown.push(message)
    const line = (facts: object, text: string): number => shown.push(facts, text)
    const logger: Logger = { debug: line, info: line, warn: line, error: line }
    const heard = new Set<string>()
    const hear = (message: unknown, name: string | symbol): void => {
      heard.add(String(name))
      show(message)
    }
    for (const name of Object.keys(channels)) subscribe(name, hear)
    const handler = tracingChannel<unknown, object>('kube-informer:handler')
    const traces = { start: show, end: show, asyncStart: show, asyncEnd: show, error: show }
    handler.subscribe(traces)
    process.on('warning', show)

    const registry = new Registry()
    const factory = createInformerFactory({
      kubeConfig: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
      threads,
      logger,
      metrics: registry,
      frameBytesMax: 64 * 1024,
      timing: { backoffBaseMs: 20 },
      onHandlerError: (error, context) => show([error, context]),
    })
    const queue = new WorkQueue({ metrics: registry })
    const { informer, lister } = factory.core.v1.secrets
    const read: unknown[] = []
    let kept: { readonly object: unknown } | undefined
    const registration = informer.addEventHandler({
      onAdd: (event) => {
        kept = event
        queue.add(event.key)
        // What a handler gives back is told to nobody.
        return event.key === 'web/good' ? read.push(event.object) && event.object : undefined
      },
      onUpdate: async (event) => {
        await null
        ;(event.object as unknown as { data: Record<string, string> }).data['password'] = 'other'
      },
    })
    await informer.addIndexers({
      failing: (object: KubernetesObject) => [Reflect.get(object, 'none').content],
      wrong: () => 5 as unknown as string,
    })
    factory.start()
    await registration.waitForSync({ signal: AbortSignal.timeout(30_000) })
    await until(() => watch, 'the watch is open')
    const events = [...broken, secret('good', 20)].map((object) => `{"type":"MODIFIED","object":${object}}\n`)
    watch?.write(events.join(''))
    await until(() => registration.stats().errors > 0, 'the update has failed')
    expect(JSON.stringify(read)).toContain(content)
    const fails = (call: () => unknown): void => {
      try {
        show(call())
      } catch (error) {
        show(error)
      }
    }
    fails(() => kept?.object)
    fails(() => lister.list({ labelSelector: `app in (${'x'.repeat(70)})` }).size)
    watch?.destroy()
    await until(() => heard.has('kube-informer:watch:end'), 'the watch has ended')
    show([factory.health(), factory.stats(), informer.lastError, queue.stats()])
    show(await registry.metrics())
    show([factory, informer, informer.indexer, lister, registration, queue, kept])
    await factory.close()

    for (const name of Object.keys(channels)) unsubscribe(name, hear)
    handler.unsubscribe(traces)
    process.off('warning', show)
    expect([...heard]).toEqual(
      expect.arrayContaining(['kube-informer:object:refused', 'kube-informer:handler:error']),
    )
    const text = shown.map((each) => `${inspect(each, { depth: 8 })} ${jsonOf(each)}`).join('\n')
    for (const word of ['ERR_FRAME_TOO_LARGE', 'ERR_INVALID_JSON', 'ERR_TOO_DEEP', 'ERR_OBJECT_IDENTITY']) {
      expect(text).toContain(word)
    }
    expect(text).toContain('kube_informer_objects{resource="secrets"}')
    for (const form of forms) expect(text).not.toContain(form)
  })
})

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    return ''
  }
}

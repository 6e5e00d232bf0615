import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { ApiClient } from '../../src/config/api-request.ts'
import { createCredentialsBroker } from '../../src/config/connection-config.ts'
import { resolveResource } from '../../src/config/discovery.ts'
import { KubeInformerError } from '../../src/errors.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

type Answer = { status?: number; body: unknown } | undefined

/** A server that answers `answer(path, authorization)`; undefined is 404. */
async function serve(answer: (path: string, authorization: string | undefined) => Answer) {
  const paths: string[] = []
  const server: Server = createServer((request, response) => {
    paths.push(request.url as string)
    const { status = 200, body } = answer(request.url as string, request.headers.authorization) ?? {
      status: 404,
      body: { kind: 'Status', message: 'nothing here', reason: 'NotFound' },
    }
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  closing.push(() => new Promise((resolve) => server.close(resolve)))
  return { url, paths, server }
}

function client(url: string, path = '', token?: string): ApiClient {
  const api = new ApiClient(createCredentialsBroker({ server: url + path, token }))
  closing.unshift(() => api.close())
  return api
}

const widgets = {
  resources: [
    { name: 'widgets/status', kind: 'Widget', namespaced: true, verbs: ['get'] },
    {
      name: 'widgets',
      singularName: 'widget',
      kind: 'Widget',
      namespaced: true,
      verbs: ['list', 'watch'],
      shortNames: ['wd'],
    },
    { name: 'gadgets', kind: 'Gadget', namespaced: false, verbs: ['list'] },
  ],
}
const groups = {
  groups: [
    { name: 'metrics.k8s.io', preferredVersion: { version: 'v1' }, versions: [{ version: 'v1' }] },
    {
      name: 'example.com',
      preferredVersion: { version: 'v2' },
      versions: [{ version: 'v1' }, { version: 'v2' }],
    },
  ],
}

const api = (path: string): Answer => {
  if (path === '/apis') return { body: groups }
  if (path === '/apis/example.com/v1') return { body: widgets }
  if (path === '/apis/example.com/v2' || path === '/api/v1') return { body: { resources: [] } }
  if (path === '/apis/metrics.k8s.io/v1') return { status: 503, body: { message: 'backend down' } }
  return undefined
}

test('built-in names cost no request', async () => {
  const { url, paths } = await serve(() => undefined)
  expect((await resolveResource('deploy', client(url))).resource).toBe('deployments')
  expect(paths).toEqual([])
})

test('a full name costs one request', async () => {
  const { url, paths } = await serve(api)
  expect(await resolveResource('widgets.v1.example.com', client(url))).toEqual({
    group: 'example.com',
    version: 'v1',
    resource: 'widgets',
    kind: 'Widget',
    namespaced: true,
    shortNames: ['wd', 'widget'],
    verbs: ['list', 'watch'],
  })
  expect(paths).toEqual(['/apis/example.com/v1'])
})

test.each(['widgets.example.com', 'wd', 'widget', 'Widget'])(
  '%s is found in whichever version has it, a group that is down notwithstanding',
  async (name) => {
    const { url } = await serve(api)
    expect(await resolveResource(name, client(url))).toMatchObject({ resource: 'widgets', version: 'v1' })
  },
)

test.each(['nonsense', 'gadgets.example.com', 'widgets.v3.example.com', 'a b'])(
  '%s is unknown',
  async (name) => {
    const { url } = await serve(api)
    await expect(resolveResource(name, client(url))).rejects.toMatchObject({ code: 'ERR_UNKNOWN_RESOURCE' })
  },
)

test('a path prefix stays in front', async () => {
  const { url, paths } = await serve((path) => api(path.replace('/clusters/one', '')))
  await resolveResource('widgets.v1.example.com', client(url, '/clusters/one/'))
  expect(paths).toEqual(['/clusters/one/apis/example.com/v1'])
})

test('a 401 is tried once with fresh credentials, then told', async () => {
  const { url, paths } = await serve(() => ({ status: 401, body: { message: 'Unauthorized' } }))
  await expect(resolveResource('widgets', client(url, '', 'wrong-token'))).rejects.toMatchObject({
    code: 'ERR_UNAUTHORIZED',
    facts: { status: 401 },
  })
  expect(paths).toHaveLength(2)
})

test('what is not the Kubernetes API, what is not there and what is refused have codes, as on the data path', async () => {
  const html = await serve(() => ({ body: '<html>' }))
  await expect(resolveResource('widgets', client(html.url))).rejects.toMatchObject({
    code: 'ERR_UNEXPECTED_BODY',
  })
  const forbidden = await serve(() => ({ status: 403, body: { message: 'no', reason: 'Forbidden' } }))
  await expect(resolveResource('widgets', client(forbidden.url))).rejects.toMatchObject({
    code: 'ERR_FORBIDDEN',
    facts: { status: 403, reason: 'Forbidden' },
  })
  const body = { kind: 'Status', message: 'slowly', details: { retryAfterSeconds: 3 } }
  const busy = await serve(() => ({ status: 429, body }))
  await expect(client(busy.url).getJson('/api?limit=5')).rejects.toMatchObject({
    code: 'ERR_THROTTLED',
    message: '/api answered 429 slowly',
    facts: { status: 429, retryAfterMs: 3_000 },
  })
  const expired = await serve(() => ({ status: 410, body: 'no JSON' }))
  await expect(client(expired.url).getJson('/api')).rejects.toMatchObject({ code: 'ERR_VERSION_EXPIRED' })
  const gone = await serve(() => undefined)
  await new Promise((resolve) => gone.server.close(resolve))
  const error: unknown = await resolveResource('widgets', client(gone.url)).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(KubeInformerError)
  expect(error).toMatchObject({ code: 'ERR_CONNECTION' })
})

test('a body above the bound is refused, not held', async () => {
  const { url } = await serve(() => ({ body: JSON.stringify('x'.repeat(10_000)) }))
  await expect(client(url).getJson('/', { bodyBytesMax: 5_000 })).rejects.toMatchObject({
    code: 'ERR_UNEXPECTED_BODY',
  })
})

test('an aborted request rejects with the reason', async () => {
  const { url } = await serve(api)
  const signal = AbortSignal.abort(new Error('enough'))
  await expect(client(url).getJson('/apis', { signal })).rejects.toThrow('enough')
})

test('what is asked for before the end, and has its credentials after it, opens no connection', async () => {
  const { url, paths } = await serve(() => ({ body: {} }))
  const api = client(url)
  const asked = api.getJson('/api').catch((error: unknown) => error)
  await api.close()
  expect(await asked).toMatchObject({ code: 'ERR_CLOSED' })
  expect(paths).toEqual([])
})

test('a server that says our token finds it redacted', async () => {
  const { url } = await serve((_path, authorization) => ({
    status: 500,
    body: { kind: 'Status', code: 500, message: `I got ${authorization}` },
  }))
  await expect(client(url, '', 'a-secret-token').getJson('/api')).rejects.toThrow(
    /I got Bearer \[redacted\]$/,
  )
})

import { expect, test } from 'vitest'
import { configMap, json, list, refused, send, startServer, WatchClient } from './server-client.ts'

interface Discovered {
  readonly kind: string
  readonly groupVersion?: string
  readonly versions?: readonly unknown[]
  readonly groups?: readonly { readonly name: string; readonly preferredVersion: unknown }[]
  readonly resources?: readonly {
    readonly name: string
    readonly kind: string
    readonly namespaced: boolean
    readonly verbs: readonly string[]
    readonly shortNames?: readonly string[]
  }[]
}

const crd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'gadgets.shop.example' },
  spec: {
    group: 'shop.example',
    scope: 'Namespaced',
    names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', shortNames: ['gd'] },
    versions: [{ name: 'v1', served: true, storage: true }],
  },
}
const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

test('versions, groups and resources are told at their paths', async () => {
  const { url } = await startServer()
  expect(await json(url, 'GET', '/version')).toMatchObject({
    major: '1',
    gitVersion: expect.stringMatching(/^v1\./),
  })
  expect(await json(url, 'GET', '/api')).toMatchObject({ kind: 'APIVersions', versions: ['v1'] })
  const core = await json<Discovered>(url, 'GET', '/api/v1')
  expect(core).toMatchObject({ kind: 'APIResourceList', groupVersion: 'v1' })
  const resource = (name: string) => core.resources?.find((each) => each.name === name)
  expect(resource('pods')).toMatchObject({ kind: 'Pod', namespaced: true, shortNames: ['po'] })
  expect(resource('pods')?.verbs).toEqual(expect.arrayContaining(['list', 'watch', 'create']))
  expect(resource('nodes')).toMatchObject({ kind: 'Node', namespaced: false })
  const groups = (await json<Discovered>(url, 'GET', '/apis')).groups ?? []
  expect(groups.map((group) => group.name)).toEqual(
    expect.arrayContaining(['apps', 'coordination.k8s.io', 'apiextensions.k8s.io']),
  )
  expect(groups.find((group) => group.name === 'apps')?.preferredVersion).toEqual({
    groupVersion: 'apps/v1',
    version: 'v1',
  })
  expect(await json(url, 'GET', '/apis/apps')).toMatchObject({ kind: 'APIGroup', name: 'apps' })
  const apps = await json<Discovered>(url, 'GET', '/apis/apps/v1')
  expect(apps.resources?.map((each) => each.name)).toContain('deployments')
})

test.each([
  '/api/v2',
  '/apis/apps/v2',
  '/api/v1/gadgets',
  '/apis/apps/v1/pods',
  '/api/v1/namespaces/default/nodes',
  '/api/v1/pods/of-no-namespace',
])('%s is not served', async (path) => {
  const { url } = await startServer()
  expect(await refused(url, 'GET', path)).toMatchObject({ kind: 'Status', reason: 'NotFound', code: 404 })
})

test.each(['/nothing', '/apis/none.example', '/apis/example.com/v9', '/apis/example.com/v1/gadgets'])(
  'where no API is, %s included, there is no Status either',
  async (path) => {
    const { url } = await startServer()
    const { status, text, headers } = await send(url, 'GET', path)
    expect({ status, text }).toEqual({ status: 404, text: '404 page not found\n' })
    expect(headers['content-type']).toMatch(/^text\/plain/)
  },
)

test('a method that a path does not take is refused', async () => {
  const { url } = await startServer()
  expect(await refused(url, 'PUT', '/api/v1/namespaces/default/pods', { body: {} })).toMatchObject({
    code: 405,
  })
})

test('a CustomResourceDefinition makes its resource, established at once; its delete ends it', async () => {
  const { url } = await startServer()
  const path = '/apis/shop.example/v1/namespaces/default/gadgets'
  expect((await send(url, 'GET', path)).status).toBe(404)
  const made = await json<{ status: { conditions: { type: string; status: string }[] } }>(url, 'POST', crds, {
    body: crd,
  })
  expect(made.status.conditions).toContainEqual(
    expect.objectContaining({ type: 'Established', status: 'True' }),
  )
  const found = await json<Discovered>(url, 'GET', '/apis/shop.example/v1')
  expect(found.resources?.[0]).toMatchObject({ name: 'gadgets', kind: 'Gadget', shortNames: ['gd'] })
  await json(url, 'POST', path, {
    body: { apiVersion: 'shop.example/v1', kind: 'Gadget', metadata: { name: 'one' }, spec: { size: 3 } },
  })
  const watch = await WatchClient.open(url, `${path}?watch=1`)
  await watch.count(1)
  expect(watch.events[0]?.object).toMatchObject({ kind: 'Gadget', spec: { size: 3 } })
  await json(url, 'DELETE', `${crds}/gadgets.shop.example`)
  await watch.over()
  expect((await send(url, 'GET', path)).status).toBe(404)
  expect((await send(url, 'GET', '/apis/shop.example/v1')).status).toBe(404)
})

test('one version of a built-in resource is served, its others and unstable ones only when registered', async () => {
  const server = await startServer()
  const versions = async () => (await json<Discovered>(server.url, 'GET', '/apis/autoscaling')).versions
  expect(await versions()).toEqual([{ groupVersion: 'autoscaling/v2', version: 'v2' }])
  const path = '/apis/scheduling.k8s.io/v1alpha2/namespaces/default/podgroups'
  expect((await send(server.url, 'GET', path)).status).toBe(404)
  server.registerResource({
    group: 'scheduling.k8s.io',
    version: 'v1alpha2',
    resource: 'podgroups',
    kind: 'PodGroup',
    namespaced: true,
  })
  server.create('podgroups', { metadata: { name: 'p', namespace: 'default' } })
  const { items } = await list(server.url, path)
  // As items of built-in kinds: without a kind.
  expect(items.map((item) => [item.metadata.name, item.kind])).toEqual([['p', undefined]])
})

test('verbs that a resource lacks are not told, and refused', async () => {
  const { url } = await startServer()
  const core = await json<Discovered>(url, 'GET', '/api/v1')
  const verbs = (name: string) => core.resources?.find((each) => each.name === name)?.verbs
  expect(verbs('namespaces')).not.toContain('deletecollection')
  expect(verbs('nodes')).toContain('deletecollection')
  expect(await refused(url, 'DELETE', '/api/v1/namespaces')).toMatchObject({ code: 405 })
})

test('a registered resource is served like any other', async () => {
  const server = await startServer()
  server.registerResource({
    group: 'lab.example',
    version: 'v1beta1',
    resource: 'probes',
    kind: 'Probe',
    namespaced: false,
  })
  server.create('probes', { metadata: { name: 'p' } })
  const found = await list(server.url, '/apis/lab.example/v1beta1/probes')
  expect(found.kind).toBe('ProbeList')
  expect(found.items.map((item) => item.metadata.name)).toEqual(['p'])
})

test('lists of built-in kinds: metadata first, items without kind; of custom kinds: items with it, metadata last', async () => {
  const server = await startServer()
  server.create('configmaps', configMap('a'))
  server.create('widgets', { metadata: { name: 'w', namespace: 'default' } })
  const builtIn = (await send(server.url, 'GET', '/api/v1/configmaps')).text
  expect(builtIn.indexOf('"metadata":{"resourceVersion"')).toBeLessThan(builtIn.indexOf('"items"'))
  const [item] = (JSON.parse(builtIn) as { items: object[] }).items
  expect(Object.keys(item ?? {})).not.toEqual(expect.arrayContaining(['kind']))
  expect(Object.keys(item ?? {})).not.toEqual(expect.arrayContaining(['apiVersion']))
  const custom = (await send(server.url, 'GET', '/apis/example.com/v1/widgets')).text
  const parsed = JSON.parse(custom) as { items: object[] }
  expect(parsed.items).toMatchObject([{ apiVersion: 'example.com/v1', kind: 'Widget' }])
  expect(Object.keys(parsed).sort()).toEqual(['apiVersion', 'items', 'kind', 'metadata'])
  expect(Object.keys(parsed).indexOf('metadata')).toBeGreaterThan(Object.keys(parsed).indexOf('items'))
  for (const path of ['/api/v1/configmaps', '/apis/example.com/v1/widgets']) {
    const watch = await WatchClient.open(server.url, `${path}?watch=1`)
    await watch.count(1)
    expect(watch.events[0]?.object).toMatchObject({
      kind: expect.any(String),
      apiVersion: expect.any(String),
    })
  }
})

test('a client that takes no JSON is told so', async () => {
  const { url } = await startServer()
  const headers = { accept: 'application/vnd.kubernetes.protobuf' }
  expect(await refused(url, 'GET', '/api/v1/pods', { headers })).toMatchObject({ code: 406 })
})

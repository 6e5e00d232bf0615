import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { json, list, refused, send, startServer, type WireObject } from './server-client.ts'

const definition = {
  metadata: { name: 'gadgets.shop.example' },
  spec: {
    group: 'shop.example',
    scope: 'Namespaced',
    names: { plural: 'gadgets', kind: 'Gadget' },
    versions: [{ name: 'v1alpha1' }, { name: 'v1' }],
  },
}
const path = (version: string) => `/apis/shop.example/${version}/namespaces/default/gadgets`

test('versions of a custom resource show the same objects, each in its own name', async () => {
  const server = await startServer()
  server.create('customresourcedefinitions', definition)
  const body = { apiVersion: 'shop.example/v1alpha1', kind: 'Gadget', metadata: { name: 'one' } }
  const made = await json<WireObject>(server.url, 'POST', path('v1alpha1'), { body })
  const { items } = await list(server.url, path('v1'))
  expect(items).toEqual([{ ...made, apiVersion: 'shop.example/v1' }])
  expect(server.stats().objects).toBe(6)

  const versions = [{ name: 'v1alpha1', served: false }, { name: 'v1' }]
  server.patch('customresourcedefinitions', '', definition.metadata.name, { spec: { versions } })
  expect((await send(server.url, 'GET', path('v1alpha1'))).status).toBe(404)
  expect((await list(server.url, path('v1'))).items).toHaveLength(1)
})

test('an object with a finalizer holds its definition, nothing new is taken meanwhile', async () => {
  const server = await startServer()
  server.create('customresourcedefinitions', definition)
  server.create('gadgets', { metadata: { name: 'held', finalizers: ['example.com/hold'] } })
  server.create('gadgets', { metadata: { name: 'free' } })
  server.delete('customresourcedefinitions', '', definition.metadata.name)
  await until(() => server.list('gadgets').length === 1, 'the free one is gone')
  const status = server.get('customresourcedefinitions', '', definition.metadata.name)?.['status']
  expect(status).toMatchObject({
    conditions: expect.arrayContaining([expect.objectContaining({ type: 'Terminating' })]),
  })
  const body = { metadata: { name: 'late' } }
  expect(await refused(server.url, 'POST', path('v1'), { body })).toMatchObject({
    code: 403,
    reason: 'Forbidden',
  })

  server.patch('gadgets', 'default', 'held', { metadata: { finalizers: null } })
  await until(async () => (await send(server.url, 'GET', path('v1'))).status === 404, 'nothing is served')
  expect(server.list('customresourcedefinitions')).toEqual([])
  // Its objects are gone for good: a definition without them would be another past.
  expect(() => server.restore(server.version - 1)).toThrow(/not in the history/)
  server.restore(server.version)
})

test('a definition that says no resource is refused, also as a change', async () => {
  const { url } = await startServer()
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  expect(await refused(url, 'POST', definitions, { body: { metadata: { name: 'x' } } })).toMatchObject({
    code: 400,
  })
  await json(url, 'POST', definitions, { body: definition })
  const change = { body: { spec: { group: null } }, contentType: 'application/merge-patch+json' }
  expect(await refused(url, 'PATCH', `${definitions}/gadgets.shop.example`, change)).toMatchObject({
    code: 400,
  })
})

test('a namespace is not ending for a label that is called like the mark of the end', async () => {
  const server = await startServer()
  server.create('namespaces', { metadata: { name: 'kept', labels: { deletionTimestamp: 'never' } } })
  const body = { metadata: { name: 'one' } }
  const made = await send(server.url, 'POST', '/api/v1/namespaces/kept/configmaps', { body })
  expect(made.status).toBe(201)
})

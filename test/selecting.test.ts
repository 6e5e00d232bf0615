import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { createInformerFactory } from '../src/index.ts'
import { until } from './support/until.ts'

test('equal selections are one handle, however they are written', async () => {
  const factory = createInformerFactory({ kubeConfig: { server: 'http://127.0.0.1:1' }, threads: 0 })
  const { pods } = factory.core.v1
  const one = pods.select({
    labelSelector: 'tier in (b,a), app==web ,app=web',
    fieldSelector: 'spec.nodeName=n,status.phase!=Failed',
    dropFields: ['status.conditions', 'metadata.managedFields'],
  })
  const same = pods.select({
    dropFields: ['metadata.managedFields', 'status.conditions', 'status.conditions'],
    fieldSelector: 'status.phase!=Failed,spec.nodeName=n',
    labelSelector: {
      matchExpressions: [{ key: 'tier', operator: 'In', values: ['a', 'b', 'a'] }],
      matchLabels: { app: 'web' },
    },
  })
  expect(same).toBe(one)
  expect(pods.select({})).toBe(pods)
  expect(pods.select({ labelSelector: ' ', fieldSelector: '' })).toBe(pods)
  const fields = (fieldSelector: string) => pods.select({ fieldSelector })
  // An escaped comma stands inside a value.
  expect(fields(String.raw`a=x\,b,c=d`)).toBe(fields(String.raw`c=d,a=x\,b`))
  expect(fields(String.raw`a=x\,b,c=d`)).not.toBe(fields(String.raw`b,c=d,a=x\,`))
  expect(fields(String.raw`a=\\,b=c`)).toBe(fields(String.raw`b=c,a=\\`))
  expect(pods.select({ keepFields: ['a', 'b'] })).toBe(pods.select({ keepFields: ['b', 'a'] }))
  expect(pods.select({ keepFields: ['a', 'b'] })).not.toBe(pods.select({ dropFields: ['a', 'b'] }))
  expect(pods.select({ resyncPeriodMs: 0 })).toBe(pods)
  const resynced = pods.select({ resyncPeriodMs: 1_000 })
  expect(resynced).not.toBe(pods)
  expect(resynced.select({ namespace: 'web' })).toBe(pods.select({ namespace: 'web', resyncPeriodMs: 1_000 }))
  // As JavaScript gives what a condition leaves out: it must not widen a selection.
  const none = { namespace: undefined, labelSelector: undefined, resyncPeriodMs: undefined } as object
  expect(one.select(none)).toBe(one)
  await factory.close()
})

test('a field selector goes to the server as it was written, a label selector in one spelling', async () => {
  const asked: URLSearchParams[] = []
  const server = createServer((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://x').searchParams)
    response.writeHead(500).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const factory = createInformerFactory({ kubeConfig: { server: url }, threads: 0 })
  const fieldSelector = String.raw` status.phase!=Failed,spec.nodeName==ü\,&x `
  factory.core.v1.pods.select({ fieldSelector, labelSelector: 'b in (y, x) ,! a' }).informer.start()
  await until(() => asked.length > 0, 'a request')
  expect(asked[0]?.get('fieldSelector')).toBe(fieldSelector)
  expect(asked[0]?.get('labelSelector')).toBe('!a,b in (x,y)')
  await factory.close()
  server.closeAllConnections()
  server.close()
})

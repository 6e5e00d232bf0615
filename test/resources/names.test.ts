import { expect, test } from 'vitest'
import {
  collectionPath,
  findKnownResource,
  knownResources,
  parseResourceName,
  resourceLabel,
} from '../../src/resources/names.ts'

test.each([
  ['pods', 'pods'],
  ['pod', 'pods'],
  ['po', 'pods'],
  ['Pod', 'pods'],
  ['pods.v1.', 'pods'],
  ['deploy', 'apps/v1/deployments'],
  ['deployments.apps', 'apps/v1/deployments'],
  ['deployments.v1.apps', 'apps/v1/deployments'],
  ['ev', 'events'],
  ['events.events.k8s.io', 'events.k8s.io/v1/events'],
  ['crds', 'apiextensions.k8s.io/v1/customresourcedefinitions'],
  ['endpoints', 'endpoints'],
  ['networkpolicy', 'networking.k8s.io/v1/networkpolicies'],
  ['hpa', 'autoscaling/v2/horizontalpodautoscalers'],
  ['hpa.v1.autoscaling', 'autoscaling/v1/horizontalpodautoscalers'],
  ['vac', 'storage.k8s.io/v1/volumeattributesclasses'],
  ['ipaddresses.v1beta1.networking.k8s.io', 'networking.k8s.io/v1beta1/ipaddresses'],
  ['podgroups.v1alpha2.scheduling.k8s.io', 'scheduling.k8s.io/v1alpha2/podgroups'],
])('%s is %s', (text, label) => {
  const found = findKnownResource(text)
  expect(found && resourceLabel(found)).toBe(label)
})

test.each([
  'widgets',
  'pods.example.com',
  'deployments.v1beta1.apps',
  // Whether a server has them, in an alpha or beta version, only it can tell.
  'podgroups',
  'podgroups.scheduling.k8s.io',
  '',
  'a/b',
  '../pods',
  'pods?x=1',
])('%j is not known without asking', (text) => {
  expect(findKnownResource(text)).toBeUndefined()
})

test('names come apart as in kubectl', () => {
  expect(parseResourceName('widgets.v1beta1.example.com')).toEqual({
    name: 'widgets',
    version: 'v1beta1',
    group: 'example.com',
  })
  expect(parseResourceName('widgets.example.com')).toEqual({
    name: 'widgets',
    version: undefined,
    group: 'example.com',
  })
  expect(parseResourceName('../x')).toBeUndefined()
})

test('every entry is complete, and stands once', () => {
  const seen = new Set<string>()
  for (const type of knownResources) {
    expect(type.kind).toMatch(/^[A-Z]/)
    expect(type.resource).toMatch(/^[a-z]+$/)
    expect(type.shortNames.every((name) => /^[a-z]+$/.test(name))).toBe(true)
    expect(type.verbs).toEqual(expect.arrayContaining(['list', 'watch']))
    const name = `${type.group}/${type.version}/${type.resource}`
    expect(seen.has(name)).toBe(false)
    seen.add(name)
  }
  expect(findKnownResource('namespaces')?.verbs).not.toContain('deletecollection')
  expect(findKnownResource('pods')?.verbs).toContain('deletecollection')
  expect(findKnownResource('nodes')?.namespaced).toBe(false)
  expect(findKnownResource('pods')?.namespaced).toBe(true)
})

test('paths', () => {
  const pods = { group: '', version: 'v1', resource: 'pods' }
  expect(collectionPath(pods)).toBe('/api/v1/pods')
  expect(collectionPath(pods, 'web')).toBe('/api/v1/namespaces/web/pods')
  expect(collectionPath({ group: 'apps', version: 'v1', resource: 'deployments' }, 'web')).toBe(
    '/apis/apps/v1/namespaces/web/deployments',
  )
  // As they come from a server's discovery, whatever it says.
  const odd = { group: 'a/b', version: 'v?', resource: 'p#' }
  expect(collectionPath(odd, 'w b')).toBe('/apis/a%2Fb/v%3F/namespaces/w%20b/p%23')
})

import { afterEach, describe, expect, it, test } from 'vitest'
import { createInformerFactory, type InformerFactory, type ResourceHandle } from '../../src/index.ts'
import { groupProperty } from '../../src/resources/group-property.ts'
import { knownResources } from '../../src/resources/names.ts'
import { ContractBed, threadCounts } from '../contract/contract-bed.ts'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
})

function idleFactory(): InformerFactory {
  const factory = createInformerFactory({ kubeConfig: { server: 'http://127.0.0.1:9' }, threads: 0 })
  opened.push(factory)
  return factory
}

type Groups = Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<string, ResourceHandle<unknown>>>>>>
>

test('every built-in resource stands under its group and version, and is what forResource gives', () => {
  const factory = idleFactory()
  const groups = factory as unknown as Groups
  for (const type of knownResources) {
    const handle = groups[groupProperty(type.group)]?.[type.version]?.[type.resource]
    expect(handle, `${type.group}/${type.version}/${type.resource}`).toBe(factory.forResource(type))
  }
})

test('groups are made once, cannot be changed, and tell what they hold', () => {
  const factory = idleFactory()
  expect(factory.rbac).toBe(factory.rbac)
  expect(factory.rbac).not.toBe(idleFactory().rbac)
  expect(Object.keys(factory.autoscaling)).toEqual(['v2', 'v1'])
  expect(Object.keys(factory.rbac.v1)).toEqual([
    'clusterrolebindings',
    'clusterroles',
    'rolebindings',
    'roles',
  ])
  expect(() => Object.assign(factory.apps.v1, { deployments: 1 })).toThrow(TypeError)
  expect(factory.apps.v1.deployments).toBe(factory.apps.v1.deployments)
  expect(factory.networking.v1.ipaddresses).not.toBe(factory.networking.v1beta1.ipaddresses)
})

test('a closed factory gives no resource', async () => {
  const factory = idleFactory()
  const { v1 } = factory.batch
  await factory.close()
  expect(() => v1.jobs).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
})

describe.each(threadCounts)('typed groups on a server, threads: $threads', ({ threads }) => {
  it('reads objects of several groups, by their names on the wire', async () => {
    const bed = await ContractBed.start(threads)
    opened.push({ close: () => bed.end() })
    const beta = { group: 'networking.k8s.io', version: 'v1beta1', resource: 'ipaddresses' }
    bed.server.registerResource({ ...beta, kind: 'IPAddress', namespaced: false })
    bed.server.create('networkpolicies', {
      metadata: { name: 'open', namespace: 'web' },
      spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }] },
    })
    bed.server.create('clusterroles', { metadata: { name: 'reader' }, rules: [] })
    bed.server.create('networking.k8s.io/v1beta1/ipaddresses', { metadata: { name: '10.0.0.7' } })
    const factory = bed.factory({ namespace: 'web' })
    const { networkpolicies } = factory.networking.v1
    const sources: (string | undefined)[] = []
    const registration = networkpolicies.informer.addEventHandler({
      onAdd: (event) => {
        for (const rule of event.object.spec?.ingress ?? []) {
          for (const peer of rule.from ?? []) sources.push(peer.ipBlock?.cidr)
        }
      },
    })
    const roles = factory.rbac.v1.clusterroles.lister
    const addresses = factory.networking.v1beta1.ipaddresses.lister
    factory.start()
    const signal = AbortSignal.timeout(20_000)
    await factory.waitForCacheSync({ signal })
    await registration.waitForSync({ signal })
    expect(sources).toEqual(['10.0.0.0/8'])
    expect(networkpolicies.lister.list().map((policy) => policy.metadata.namespace)).toEqual(['web'])
    // Of a cluster, whatever the namespace of the factory.
    expect(roles.get('reader')?.rules).toEqual([])
    expect(addresses.list().map((address) => address.metadata.name)).toEqual(['10.0.0.7'])
  })
})

import type { ResourceType } from '../../resources/names.ts'
import type { ApiObject, JsonRecord } from './json-object.ts'
import { makePod, namespaceOf, nodeNameOf } from './pod.ts'
import type { Random } from './random.ts'
import { makeWidget, widgetType } from './widget.ts'

const createdAt = '2026-10-01T12:00:00Z'

/** The parts of an object that its kind decides. */
type Filling = (index: number, random: Random, name: string) => JsonRecord

/**
 * Object number `index` of a resource, as a large cluster would hold it. Names of one resource never repeat:
 * they carry the index. Resources without a filling of their own get metadata and an empty spec.
 */
export function makeObject(type: ResourceType, index: number, random: Random): ApiObject {
  if (type.group === '' && type.resource === 'pods') {
    const pod = makePod(index, random)
    pod.metadata.name = `${pod.metadata.name}${index.toString(36)}`
    return pod
  }
  if (type.group === widgetType.group) return makeWidget(index, random)
  const app = `app-${index % 500}`
  const name = nameOf(type, index)
  const filling = fillings[type.resource] ?? (() => ({ spec: {} }))
  return {
    metadata: {
      name,
      ...(type.namespaced && { namespace: namespaceOf(index) }),
      uid: random.uid(),
      resourceVersion: '',
      generation: 1,
      creationTimestamp: createdAt,
      labels: { app, 'app.kubernetes.io/name': app, team: `team-${index % 20}` },
      annotations: { 'example.com/revision': '0' },
    },
    ...filling(index, random, name),
  }
}

function nameOf(type: ResourceType, index: number): string {
  if (type.group === '' && type.resource === 'nodes')
    return index < 1_000 ? nodeNameOf(index) : `${nodeNameOf(index)}.${index}`
  if (type.group === '' && type.resource === 'namespaces') return `ns-${index}`
  return `${type.kind.toLowerCase()}-${index}`
}

const fillings: Readonly<Record<string, Filling>> = {
  configmaps: (index, random) => ({
    data: {
      'app.properties': `name=app-${index % 500}\nlevel=info\ntoken=${random.hex(48)}\n`,
      'settings.json': JSON.stringify({ index, retries: 3, hosts: ['a.example.com', 'b.example.com'] }),
    },
  }),
  secrets: (_, random) => ({
    type: 'Opaque',
    data: { password: Buffer.from(random.hex(32)).toString('base64') },
  }),
  services: (index) => ({
    spec: {
      type: 'ClusterIP',
      clusterIP: `10.96.${(index >> 8) % 256}.${index % 256}`,
      selector: { app: `app-${index % 500}` },
      ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
    },
    status: { loadBalancer: {} },
  }),
  namespaces: () => ({ spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } }),
  serviceaccounts: () => ({}),
  events: (index, _, name) => ({
    involvedObject: { kind: 'Pod', namespace: namespaceOf(index), name, apiVersion: 'v1' },
    reason: 'Pulled',
    message: 'Container image already present on machine',
    type: 'Normal',
    count: 1,
    firstTimestamp: createdAt,
    lastTimestamp: createdAt,
  }),
  nodes: (index, random) => ({
    spec: { podCIDR: `10.${index % 250}.0.0/24`, providerID: `aws:///eu-west-1a/i-${random.hex(17)}` },
    status: {
      capacity: { cpu: '16', memory: '65536Mi', pods: '110' },
      allocatable: { cpu: '15', memory: '60000Mi', pods: '110' },
      conditions: ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((type) => ({
        type,
        status: type === 'Ready' ? 'True' : 'False',
        lastHeartbeatTime: createdAt,
        lastTransitionTime: createdAt,
      })),
      nodeInfo: {
        kubeletVersion: 'v1.36.0',
        osImage: 'Linux',
        architecture: 'amd64',
        machineID: random.hex(32),
      },
      images: Array.from({ length: 20 }, () => ({
        names: [`registry.example.com/app@sha256:${random.hex(64)}`],
        sizeBytes: 100_000_000,
      })),
    },
  }),
  leases: (index) => ({
    spec: {
      holderIdentity: nodeNameOf(index),
      leaseDurationSeconds: 40,
      renewTime: '2026-10-01T12:00:00.000000Z',
    },
  }),
  deployments: (index) => ({
    spec: workloadSpec(index),
    status: { replicas: 3, readyReplicas: 3, observedGeneration: 1 },
  }),
  replicasets: (index) => ({
    spec: workloadSpec(index),
    status: { replicas: 3, readyReplicas: 3, observedGeneration: 1 },
  }),
  statefulsets: (index) => ({
    spec: { serviceName: `app-${index % 500}`, ...workloadSpec(index) },
    status: { replicas: 3 },
  }),
  daemonsets: (index) => ({ spec: workloadSpec(index), status: { numberReady: 3, observedGeneration: 1 } }),
  endpointslices: (index, random) => ({
    addressType: 'IPv4',
    endpoints: Array.from({ length: 5 }, (_, i) => ({
      addresses: [`10.128.${index % 250}.${i}`],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: nodeNameOf(index + i),
      targetRef: { kind: 'Pod', namespace: namespaceOf(index), name: `pod-${index}-${i}`, uid: random.uid() },
    })),
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  }),
}

function workloadSpec(index: number): JsonRecord {
  const labels = { app: `app-${index % 500}` }
  return {
    replicas: 3,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        containers: [
          {
            name: 'main',
            image: `registry.example.com/app-${index % 500}:1.2.3`,
            ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
            resources: { requests: { cpu: '250m', memory: '512Mi' } },
          },
        ],
      },
    },
  }
}

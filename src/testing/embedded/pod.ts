import { fieldSet, managedEntry } from './field-set.ts'
import type { ApiObject, JsonRecord } from './json-object.ts'
import type { Random } from './random.ts'

const appsCount = 500
const namespacesCount = 100
const teamsCount = 20
const nodesCount = 5_000
const createdAt = '2026-10-01T12:00:00Z'
const readyAt = '2026-10-01T12:00:10Z'

export function namespaceOf(index: number): string {
  return `ns-${index % namespacesCount}`
}

export function nodeNameOf(index: number): string {
  return `ip-10-${index % 250}-${(index * 7) % 250}-${index % 200}.eu-west-1.compute.internal`
}

/** A pod of a Deployment as it stands in a large cluster: two containers, managedFields, about 7.5 KB of JSON. */
export function makePod(index: number, random: Random): ApiObject {
  const app = `app-${index % appsCount}`
  const team = `team-${index % teamsCount}`
  const hash = random.hex(10)
  const suffix = random.suffix(5)
  const image = `registry.example.com/${team}/${app}`
  const labels = {
    app,
    'app.kubernetes.io/name': app,
    'app.kubernetes.io/instance': `${app}-prod`,
    'app.kubernetes.io/version': '1.2.3',
    'pod-template-hash': hash,
    team,
  }
  const annotations = {
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': '9090',
    'checksum/config': random.hex(64),
    'kubectl.kubernetes.io/restartedAt': '2026-10-01T11:59:00Z',
  }
  const owner = random.uid()
  const ownerReferences = [
    {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: `${app}-${hash}`,
      uid: owner,
      controller: true,
      blockOwnerDeletion: true,
    },
  ]
  const generateName = `${app}-${hash}-`
  const spec = makeSpec(index, random, app, image, suffix)
  const status = makeStatus(index, random, image)
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${generateName}${suffix}`,
      generateName,
      namespace: namespaceOf(index),
      uid: random.uid(),
      resourceVersion: '',
      generation: 1,
      creationTimestamp: createdAt,
      labels,
      annotations,
      ownerReferences,
      managedFields: [
        managedEntry({
          manager: 'kube-controller-manager',
          apiVersion: 'v1',
          time: createdAt,
          fields: {
            'f:metadata': {
              ...fieldSet({ annotations, generateName, labels }),
              'f:ownerReferences': { '.': {}, [`k:{"uid":"${owner}"}`]: {} },
            },
            'f:spec': specFields(spec),
          },
        }),
        managedEntry({
          manager: 'kubelet',
          apiVersion: 'v1',
          time: readyAt,
          subresource: 'status',
          fields: { 'f:status': statusFields(status) },
        }),
      ],
    },
    spec,
    status,
  }
}

let cachedSpecFields: JsonRecord | undefined
let cachedStatusFields: JsonRecord | undefined

/** Who owns which field is the same for all pods of this shape: worked out once, it is half the cost of a pod. */
function specFields(spec: JsonRecord): JsonRecord {
  if (cachedSpecFields !== undefined) return cachedSpecFields
  const {
    containers,
    volumes: _,
    nodeName: _node,
    tolerations: _tolerations,
    affinity: _affinity,
    ...rest
  } = spec
  const {
    readinessProbe: _probe,
    volumeMounts: _mounts,
    env,
    ...main
  } = (containers as JsonRecord[])[0] as JsonRecord
  cachedSpecFields = fieldSet({
    ...rest,
    affinity: { podAntiAffinity: {} },
    containers: [{ ...main, env: (env as JsonRecord[]).slice(1) }],
  })
  return cachedSpecFields
}

function statusFields(status: JsonRecord): JsonRecord {
  if (cachedStatusFields !== undefined) return cachedStatusFields
  const { hostIPs: _, qosClass: _class, conditions, ...rest } = status
  const own = (conditions as JsonRecord[]).filter((condition) => condition['type'] !== 'PodScheduled')
  cachedStatusFields = fieldSet({ ...rest, conditions: own, containerStatuses: {} })
  return cachedStatusFields
}

function makeSpec(index: number, random: Random, app: string, image: string, suffix: string): JsonRecord {
  const token = `kube-api-access-${suffix}`
  const field = (fieldPath: string): JsonRecord => ({ fieldRef: { apiVersion: 'v1', fieldPath } })
  const probe = (path: string): JsonRecord => ({
    httpGet: { path, port: 'http', scheme: 'HTTP' },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  })
  const termination = {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
  }
  return {
    volumes: [
      { name: 'config', configMap: { name: `${app}-config`, defaultMode: 420 } },
      {
        name: token,
        projected: {
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
            { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
            { downwardAPI: { items: [{ path: 'namespace', ...field('metadata.namespace') }] } },
          ],
          defaultMode: 420,
        },
      },
    ],
    containers: [
      {
        name: 'main',
        image: `${image}:1.2.3@sha256:${random.hex(64)}`,
        ports: [
          { name: 'http', containerPort: 8080, protocol: 'TCP' },
          { name: 'metrics', containerPort: 9090, protocol: 'TCP' },
        ],
        env: [
          { name: 'POD_NAME', valueFrom: field('metadata.name') },
          { name: 'LOG_LEVEL', value: 'info' },
          { name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: `${app}-db`, key: 'url' } } },
        ],
        resources: { limits: { cpu: '2', memory: '2Gi' }, requests: { cpu: '250m', memory: '512Mi' } },
        volumeMounts: [
          { name: 'config', mountPath: '/etc/config' },
          { name: token, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
        ],
        livenessProbe: probe('/healthz'),
        readinessProbe: probe('/readyz'),
        ...termination,
      },
      {
        name: 'sidecar',
        image: 'registry.example.com/mesh/proxy:3.1.4',
        args: ['proxy', 'sidecar', '--domain', '$(POD_NAMESPACE).svc.cluster.local'],
        resources: { limits: { cpu: '1', memory: '256Mi' }, requests: { cpu: '50m', memory: '64Mi' } },
        ...termination,
      },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: app,
    serviceAccount: app,
    nodeName: nodeNameOf(index % nodesCount),
    securityContext: {},
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: {
              labelSelector: { matchLabels: { app } },
              topologyKey: 'kubernetes.io/hostname',
            },
          },
        ],
      },
    },
    schedulerName: 'default-scheduler',
    tolerations: ['not-ready', 'unreachable'].map((why) => ({
      key: `node.kubernetes.io/${why}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    })),
    priority: 0,
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
  }
}

function makeStatus(index: number, random: Random, image: string): JsonRecord {
  const hostIP = `10.${index % 250}.${(index * 7) % 250}.${index % 200}`
  const podIP = `10.128.${index % 250}.${(index * 3) % 250}`
  const condition = (type: string, lastTransitionTime: string): JsonRecord => ({
    type,
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime,
  })
  return {
    phase: 'Running',
    conditions: [
      condition('PodReadyToStartContainers', '2026-10-01T12:00:05Z'),
      condition('Initialized', '2026-10-01T12:00:01Z'),
      condition('Ready', readyAt),
      condition('ContainersReady', readyAt),
      condition('PodScheduled', createdAt),
    ],
    hostIP,
    hostIPs: [{ ip: hostIP }],
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: createdAt,
    containerStatuses: ['main', 'sidecar'].map((name) => ({
      name,
      state: { running: { startedAt: '2026-10-01T12:00:05Z' } },
      lastState: {},
      ready: true,
      restartCount: 0,
      image: `${image}:1.2.3`,
      imageID: `${image}@sha256:${random.hex(64)}`,
      containerID: `containerd://${random.hex(64)}`,
      started: true,
    })),
    qosClass: 'Burstable',
  }
}

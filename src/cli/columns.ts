import type { ResourceType } from '../resources/names.ts'
import { formatAge } from './units.ts'

export interface Column {
  readonly name: string
  value(object: unknown, nowMs: number): string
}

/** What `kubectl get` shows of a kind beside namespace and name; AGE alone for those not known here. */
export function columnsOf(type: ResourceType): readonly Column[] {
  return [...(byResource[`${type.group}/${type.resource}`] ?? []), age]
}

const age: Column = {
  name: 'AGE',
  value(object, nowMs) {
    const created = Date.parse(text(object, 'metadata.creationTimestamp'))
    return Number.isNaN(created) ? '<unknown>' : formatAge(nowMs - created)
  },
}

const byResource: Readonly<Record<string, readonly Column[]>> = {
  '/pods': [
    {
      name: 'READY',
      value(pod) {
        const statuses = list(pod, 'status.containerStatuses')
        const ready = statuses.filter((status) => at(status, 'ready') === true).length
        return `${ready}/${Math.max(statuses.length, list(pod, 'spec.containers').length)}`
      },
    },
    { name: 'STATUS', value: podStatus },
    {
      name: 'RESTARTS',
      value: (pod) =>
        String(
          list(pod, 'status.containerStatuses').reduce<number>(
            (sum, status) => sum + number(status, 'restartCount'),
            0,
          ),
        ),
    },
  ],
  '/nodes': [
    { name: 'STATUS', value: (node) => (condition(node, 'Ready') === 'True' ? 'Ready' : 'NotReady') },
    path('VERSION', 'status.nodeInfo.kubeletVersion'),
  ],
  '/namespaces': [path('STATUS', 'status.phase')],
  '/services': [
    path('TYPE', 'spec.type'),
    path('CLUSTER-IP', 'spec.clusterIP'),
    {
      name: 'PORT(S)',
      value: (service) =>
        list(service, 'spec.ports')
          .map((port) => `${text(port, 'port')}/${text(port, 'protocol') || 'TCP'}`)
          .join(',') || '<none>',
    },
  ],
  '/configmaps': [
    { name: 'DATA', value: (map) => String(size(at(map, 'data')) + size(at(map, 'binaryData'))) },
  ],
  '/secrets': [path('TYPE', 'type'), { name: 'DATA', value: (secret) => String(size(at(secret, 'data'))) }],
  '/persistentvolumeclaims': [
    path('STATUS', 'status.phase'),
    path('VOLUME', 'spec.volumeName'),
    path('CAPACITY', 'status.capacity.storage'),
  ],
  '/persistentvolumes': [path('CAPACITY', 'spec.capacity.storage'), path('STATUS', 'status.phase')],
  '/events': [
    path('TYPE', 'type'),
    path('REASON', 'reason'),
    {
      name: 'OBJECT',
      value: (event) =>
        `${text(event, 'involvedObject.kind').toLowerCase()}/${text(event, 'involvedObject.name')}`,
    },
    path('MESSAGE', 'message'),
  ],
  'apps/deployments': [
    ratio('READY', 'status.readyReplicas', 'spec.replicas'),
    count('UP-TO-DATE', 'status.updatedReplicas'),
    count('AVAILABLE', 'status.availableReplicas'),
  ],
  'apps/replicasets': [
    count('DESIRED', 'spec.replicas'),
    count('CURRENT', 'status.replicas'),
    count('READY', 'status.readyReplicas'),
  ],
  'apps/statefulsets': [ratio('READY', 'status.readyReplicas', 'spec.replicas')],
  'apps/daemonsets': [
    count('DESIRED', 'status.desiredNumberScheduled'),
    count('CURRENT', 'status.currentNumberScheduled'),
    count('READY', 'status.numberReady'),
  ],
  'batch/jobs': [ratio('COMPLETIONS', 'status.succeeded', 'spec.completions')],
  'batch/cronjobs': [path('SCHEDULE', 'spec.schedule'), path('LAST SCHEDULE', 'status.lastScheduleTime')],
  'coordination.k8s.io/leases': [path('HOLDER', 'spec.holderIdentity')],
}

/** kubectl's STATUS in short: what keeps the pod from running, else its phase. */
function podStatus(pod: unknown): string {
  if (at(pod, 'metadata.deletionTimestamp') !== undefined) return 'Terminating'
  for (const status of list(pod, 'status.containerStatuses')) {
    const reason = text(status, 'state.waiting.reason') || text(status, 'state.terminated.reason')
    if (reason !== '') return reason
  }
  return text(pod, 'status.reason') || text(pod, 'status.phase') || 'Unknown'
}

function path(name: string, from: string): Column {
  return { name, value: (object) => text(object, from) || '<none>' }
}

function count(name: string, from: string): Column {
  return { name, value: (object) => String(number(object, from)) }
}

function ratio(name: string, part: string, whole: string): Column {
  return { name, value: (object) => `${number(object, part)}/${number(object, whole)}` }
}

function condition(object: unknown, type: string): string {
  const found = list(object, 'status.conditions').find((each) => at(each, 'type') === type)
  return text(found, 'status')
}

function at(object: unknown, dotted: string): unknown {
  let value = object
  for (const name of dotted.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  return value
}

function text(object: unknown, dotted: string): string {
  const value = at(object, dotted)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function number(object: unknown, dotted: string): number {
  const value = at(object, dotted)
  return typeof value === 'number' ? value : 0
}

function list(object: unknown, dotted: string): readonly unknown[] {
  const value = at(object, dotted)
  return Array.isArray(value) ? value : []
}

function size(value: unknown): number {
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0
}

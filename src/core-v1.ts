import type {
  CoreV1Event,
  V1ConfigMap,
  V1Endpoints,
  V1LimitRange,
  V1Namespace,
  V1Node,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodTemplate,
  V1ReplicationController,
  V1ResourceQuota,
  V1Secret,
  V1Service,
  V1ServiceAccount,
} from '@kubernetes/client-node'
import type { Wire } from './kubernetes-object.ts'

/** Object types of core/v1, by resource: client-node's models (types only, nothing of it is loaded). */
export interface CoreV1Objects {
  configmaps: Wire<V1ConfigMap>
  endpoints: Wire<V1Endpoints>
  events: Wire<CoreV1Event>
  limitranges: Wire<V1LimitRange>
  namespaces: Wire<V1Namespace>
  nodes: Wire<V1Node>
  persistentvolumeclaims: Wire<V1PersistentVolumeClaim>
  persistentvolumes: Wire<V1PersistentVolume>
  pods: Wire<V1Pod>
  podtemplates: Wire<V1PodTemplate>
  replicationcontrollers: Wire<V1ReplicationController>
  resourcequotas: Wire<V1ResourceQuota>
  secrets: Wire<V1Secret>
  serviceaccounts: Wire<V1ServiceAccount>
  services: Wire<V1Service>
}

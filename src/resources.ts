/** One resource of the API: what its paths and messages are made of. */
export interface ResourceType {
  /** Empty for core. */
  readonly group: string
  readonly version: string
  /** Plural, as in paths. */
  readonly resource: string
  readonly kind: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
}

/** `group/version`: `plural Kind [short,names] [cluster]`. Resources that cannot be watched are left out. */
const table: Readonly<Record<string, readonly string[]>> = {
  '/v1': [
    'configmaps ConfigMap cm',
    'endpoints Endpoints ep',
    'events Event ev',
    'limitranges LimitRange limits',
    'namespaces Namespace ns cluster',
    'nodes Node no cluster',
    'persistentvolumeclaims PersistentVolumeClaim pvc',
    'persistentvolumes PersistentVolume pv cluster',
    'pods Pod po',
    'podtemplates PodTemplate',
    'replicationcontrollers ReplicationController rc',
    'resourcequotas ResourceQuota quota',
    'secrets Secret',
    'serviceaccounts ServiceAccount sa',
    'services Service svc',
  ],
  'apps/v1': [
    'controllerrevisions ControllerRevision',
    'daemonsets DaemonSet ds',
    'deployments Deployment deploy',
    'replicasets ReplicaSet rs',
    'statefulsets StatefulSet sts',
  ],
  'batch/v1': ['cronjobs CronJob cj', 'jobs Job'],
  'autoscaling/v2': ['horizontalpodautoscalers HorizontalPodAutoscaler hpa'],
  'policy/v1': ['poddisruptionbudgets PodDisruptionBudget pdb'],
  'coordination.k8s.io/v1': ['leases Lease'],
  'discovery.k8s.io/v1': ['endpointslices EndpointSlice'],
  'events.k8s.io/v1': ['events Event'],
  'networking.k8s.io/v1': [
    'ingressclasses IngressClass cluster',
    'ingresses Ingress ing',
    'ipaddresses IPAddress ip cluster',
    'networkpolicies NetworkPolicy netpol',
    'servicecidrs ServiceCIDR cluster',
  ],
  'rbac.authorization.k8s.io/v1': [
    'clusterrolebindings ClusterRoleBinding cluster',
    'clusterroles ClusterRole cluster',
    'rolebindings RoleBinding',
    'roles Role',
  ],
  'storage.k8s.io/v1': [
    'csidrivers CSIDriver cluster',
    'csinodes CSINode cluster',
    'csistoragecapacities CSIStorageCapacity',
    'storageclasses StorageClass sc cluster',
    'volumeattachments VolumeAttachment cluster',
    'volumeattributesclasses VolumeAttributesClass vac cluster',
  ],
  'scheduling.k8s.io/v1': ['priorityclasses PriorityClass pc cluster'],
  'node.k8s.io/v1': ['runtimeclasses RuntimeClass cluster'],
  'resource.k8s.io/v1': [
    'deviceclasses DeviceClass cluster',
    'resourceclaims ResourceClaim',
    'resourceclaimtemplates ResourceClaimTemplate',
    'resourceslices ResourceSlice cluster',
  ],
  'admissionregistration.k8s.io/v1': [
    'mutatingwebhookconfigurations MutatingWebhookConfiguration cluster',
    'validatingadmissionpolicies ValidatingAdmissionPolicy cluster',
    'validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding cluster',
    'validatingwebhookconfigurations ValidatingWebhookConfiguration cluster',
  ],
  'apiextensions.k8s.io/v1': ['customresourcedefinitions CustomResourceDefinition crd,crds cluster'],
  'apiregistration.k8s.io/v1': ['apiservices APIService cluster'],
  'certificates.k8s.io/v1': ['certificatesigningrequests CertificateSigningRequest csr cluster'],
  'flowcontrol.apiserver.k8s.io/v1': [
    'flowschemas FlowSchema cluster',
    'prioritylevelconfigurations PriorityLevelConfiguration cluster',
  ],
}

/** Built-in resources, in order of preference where a name is in several groups (`events`: core). */
export const knownResources: readonly ResourceType[] = Object.entries(table).flatMap(
  ([groupVersion, lines]) => {
    const [group, version] = groupVersion.split('/') as [string, string]
    return lines.map((line): ResourceType => {
      const [resource, kind, ...rest] = line.split(' ') as [string, string, ...string[]]
      const namespaced = rest.at(-1) !== 'cluster'
      const shortNames = (namespaced ? rest : rest.slice(0, -1)).flatMap((names) => names.split(','))
      return { group, version, resource, kind, namespaced, shortNames }
    })
  },
)

/** What the user typed, taken apart: `pods`, `deployments.apps`, `widgets.v1.example.com`, `pods.v1.` */
export interface ResourceName {
  /** Plural, singular, kind or short name. */
  readonly name: string
  /** undefined: any group. */
  readonly group: string | undefined
  readonly version: string | undefined
}

/** undefined: not a resource name at all. */
export function parseResourceName(text: string): ResourceName | undefined {
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[-a-z0-9]+)*\.?$/i.test(text)) return undefined
  const parts = text.split('.')
  const name = parts[0] as string
  if (parts.length === 1) return { name, group: undefined, version: undefined }
  const second = parts[1] as string
  const isVersion = /^v\d+((alpha|beta)\d+)?$/.test(second)
  const group = parts.slice(isVersion ? 2 : 1).join('.')
  return { name, group, version: isVersion ? second : undefined }
}

/** Whether `name` is one of the names of `type`: plural, singular (the kind in any case) or short. */
export function isNamed(type: ResourceType, name: string): boolean {
  const lower = name.toLowerCase()
  return type.resource === lower || type.kind.toLowerCase() === lower || type.shortNames.includes(lower)
}

/** A built-in resource by any of its names, without asking the server; undefined: discovery must tell. */
export function findKnownResource(text: string): ResourceType | undefined {
  const wanted = parseResourceName(text)
  if (wanted === undefined) return undefined
  return knownResources.find(
    (type) =>
      isNamed(type, wanted.name) &&
      (wanted.group === undefined || wanted.group === type.group) &&
      (wanted.version === undefined || wanted.version === type.version),
  )
}

/** `/api/v1/pods`, `/apis/apps/v1/namespaces/web/deployments`. */
export function collectionPath(
  type: { readonly group: string; readonly version: string; readonly resource: string },
  namespace?: string,
): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`
  const scope = namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${root}${scope}/${type.resource}`
}

/** For messages: `pods`, `apps/v1/deployments`. */
export function resourceLabel(type: {
  readonly group: string
  readonly version: string
  readonly resource: string
}): string {
  return type.group === '' ? type.resource : `${type.group}/${type.version}/${type.resource}`
}

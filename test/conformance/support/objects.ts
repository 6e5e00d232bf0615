import type { KubeClient } from '../../support/kube-client.ts'
import { until } from '../../support/until.ts'

export const namespace = 'conformance'
export const podsPath: string = `/api/v1/namespaces/${namespace}/pods`
export const widgetGroup = 'example.com'
export const widgetsPath: string = `/apis/${widgetGroup}/v1/namespaces/${namespace}/widgets`

/** A pod that nobody schedules: its delete is immediate, as no kubelet has to confirm it. */
export function pod(name: string, labels: Readonly<Record<string, string>> = {}): unknown {
  return {
    metadata: { name, labels: { suite: 'conformance', ...labels } },
    spec: {
      automountServiceAccountToken: false,
      containers: [
        {
          name: 'main',
          image: 'registry.example.com/main:1.2.3',
          env: [{ name: 'GREETING', value: 'grüß "Gott"\\ \u{1f44b}' }],
        },
        { name: 'side', image: 'registry.example.com/side:2' },
      ],
    },
  }
}

/** Free-form spec: nesting, numbers at their edges and text that a byte scanner may trip over. */
export function widget(name: string, size: number): unknown {
  return {
    apiVersion: `${widgetGroup}/v1`,
    kind: 'Widget',
    metadata: { name, labels: { suite: 'conformance', size: String(size) } },
    spec: {
      size,
      ratio: 0.1,
      big: 9007199254740991,
      negative: -1.5e-7,
      text: 'line\nbreak\ttab "quoted" \\ ünïcödé \u{1f980}',
      matrix: [[1, [2, [3]]], [], [{}], [null]],
      'a.b/c': { '': 'empty key', __proto: null },
    },
  }
}

export async function createNamespace(client: KubeClient): Promise<void> {
  await client.create('/api/v1/namespaces', { metadata: { name: namespace } })
}

/** Makes `widgets.example.com`; resolves once the API server serves it. */
export async function createWidgetDefinition(client: KubeClient): Promise<void> {
  await client.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: `widgets.${widgetGroup}` },
    spec: {
      group: widgetGroup,
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  })
  const areServed = async () => (await client.request('GET', widgetsPath)).status === 200
  await until(areServed, 'widgets are served', 30_000)
}

/** Lets the user do `verbs` on `resources`, in one namespace or, without it, everywhere. */
export async function grant(
  client: KubeClient,
  user: string,
  apiGroup: string,
  resources: readonly string[],
  verbs: readonly string[],
  inNamespace?: string,
): Promise<void> {
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  const [role, base] =
    inNamespace === undefined ? ['ClusterRole', rbac] : ['Role', `${rbac}/namespaces/${inNamespace}`]
  const metadata = { name: `${user}-${resources.join('-')}` }
  await client.create(`${base}/${role.toLowerCase()}s`, {
    metadata,
    rules: [{ apiGroups: [apiGroup], resources, verbs }],
  })
  await client.create(`${base}/${role.toLowerCase()}bindings`, {
    metadata,
    subjects: [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }],
    roleRef: { kind: role, name: metadata.name, apiGroup: 'rbac.authorization.k8s.io' },
  })
}

/** Takes back what {@link grant} gave everywhere in the same words. */
export async function revoke(client: KubeClient, user: string, resources: readonly string[]): Promise<void> {
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  const name = `${user}-${resources.join('-')}`
  await client.delete(`${rbac}/clusterrolebindings/${name}`)
  await client.delete(`${rbac}/clusterroles/${name}`)
}

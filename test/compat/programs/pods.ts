// As a user of client-node writes it; import-only.test.ts runs it as it stands, and with another import.
import * as k8s from '@kubernetes/client-node'

const config = new k8s.KubeConfig()
config.loadFromDefault()
const core = config.makeApiClient(k8s.CoreV1Api)

const informer = k8s.makeInformer(config, '/api/v1/namespaces/default/pods', () =>
  core.listNamespacedPod({ namespace: 'default' }),
)
for (const verb of ['add', 'update', 'delete'] as const) {
  informer.on(verb, (pod: k8s.V1Pod) => console.log(verb, pod.metadata!.name))
}
// Of any type, as its error callback takes them.
informer.on('error', (problem: k8s.V1Status) => {
  console.error('error', problem)
  setTimeout(() => informer.start(), 5_000)
})
informer.start()

// As a user of client-node writes it; import-only.test.ts runs it as it stands, and with another import.
import {
  CoreV1Api,
  type Informer,
  KubeConfig,
  type ListPromise,
  makeInformer,
  type ObjectCache,
  type V1Pod,
} from '@kubernetes/client-node'

const kubeConfig = new KubeConfig()
kubeConfig.loadFromDefault()
const api = kubeConfig.makeApiClient(CoreV1Api)
const namespace = 'default'
const labelSelector = 'app=web'

const list: ListPromise<V1Pod> = () => api.listNamespacedPod({ namespace, labelSelector })
const informer: Informer<V1Pod> & ObjectCache<V1Pod> = makeInformer(
  kubeConfig,
  `/api/v1/namespaces/${namespace}/pods`,
  list,
  labelSelector,
)
informer.on('add', (pod) => console.log('add', pod.metadata?.name))
informer.on('update', (pod) => console.log('update', pod.metadata?.name, pod.metadata?.labels?.['step']))
informer.on('delete', async (pod) => {
  console.log('delete', pod.metadata?.name)
  if (pod.metadata?.name === 'last') await informer.stop()
})
informer.on('error', (error) => {
  // client-node's tells of its own stop.
  if (error?.name !== 'AbortError') console.error(error)
})

async function create(name: string, app: string): Promise<void> {
  await api.createNamespacedPod({
    namespace,
    body: { metadata: { name, labels: { app } }, spec: { containers: [{ name: 'main', image: 'nginx' }] } },
  })
}

await informer.start()
console.log(
  'known',
  informer
    .list()
    .map((pod) => pod.metadata?.name)
    .join(),
)
console.log('by name', informer.get('before', namespace)?.metadata?.name, informer.get('none', namespace))
await create('other', 'db')
await create('last', 'web')
await api.deleteNamespacedPod({ name: 'other', namespace })
await api.deleteNamespacedPod({ name: 'last', namespace })

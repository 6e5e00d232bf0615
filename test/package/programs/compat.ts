// client-node with its makeInformer replaced, in a user's project.
import { CoreV1Api, KubeConfig, makeInformer, type V1Pod } from 'kube-informer/compat'
import { startEmbeddedServer } from 'kube-informer/testing'

const server = await startEmbeddedServer({ objects: 20 })
const config = new KubeConfig()
// client-node's own calls take plain HTTP only with skipTLSVerify.
config.loadFromClusterAndUser({ name: 'c', server: server.url, skipTLSVerify: true }, { name: 'u' })
const api = config.makeApiClient(CoreV1Api)
const informer = makeInformer(config, '/api/v1/pods', () => api.listPodForAllNamespaces())
const names: (string | undefined)[] = []
const told = new Promise<void>((resolve) => {
  informer.on('add', (pod: V1Pod) => {
    if (names.push(pod.metadata?.name) === 20) resolve()
  })
})
await informer.start()
await told
console.log(JSON.stringify({ cached: informer.list().length, told: names.length }))
await informer.stop()
await server.close()

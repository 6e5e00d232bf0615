// The main entry and the fakes, with the types of a built-in and of a custom resource; compiled as in a user's project.
import { createInformerFactory, KubeInformerError, type KubernetesObject, WorkQueue } from 'kube-informer'
import { type RunningServer, startEmbeddedServer } from 'kube-informer/testing'

interface Widget extends KubernetesObject {
  readonly spec: { readonly size: number }
}

const server: RunningServer = await startEmbeddedServer({ objects: 20 })
const factory = createInformerFactory({ kubeConfig: { server: server.url }, threads: 1 })
const pods = factory.core.v1.pods
const widgets = factory.forResource<Widget>({ group: 'example.com', version: 'v1', resource: 'widgets' })
const queue = new WorkQueue<string>()
pods.informer.addIndexers({ byNode: 'spec.nodeName' })
const registration = pods.informer.addEventHandler({
  onAdd: (event) => {
    const image: string | undefined = event.object.spec?.containers[0]?.image
    if (image !== undefined) queue.add(event.key)
  },
})
const size: number | undefined = widgets.lister.get('default/none')?.spec.size

factory.start()
try {
  await registration.waitForSync({ signal: AbortSignal.timeout(30_000) })
} catch (error) {
  if (error instanceof KubeInformerError) console.error(error.code)
  throw error
}
const cached = pods.lister.list().size
console.log(JSON.stringify({ cached, queued: queue.stats().depth, size }))
queue.shutDown()
await factory.close()
await server.close()

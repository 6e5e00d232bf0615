// plain.js THREADS [resolved]: fills a cache from a server of its own, says what it has, closes, ends by itself.
import { createInformerFactory } from 'kube-informer'
import { startEmbeddedServer } from 'kube-informer/testing'

const [threads, worker] = process.argv.slice(2)
const server = await startEmbeddedServer({ objects: 300, thread: true })
const factory = createInformerFactory({
  kubeConfig: { server: server.url },
  threads: Number(threads),
  ...(worker === 'resolved' && { workerUrl: new URL(import.meta.resolve('kube-informer/worker')) }),
})
let added = 0
const resources = [factory.core.v1.pods, factory.core.v1.nodes]
const registrations = resources.map(({ informer }) => informer.addEventHandler({ onAdd: () => added++ }))
factory.start()
for (const registration of registrations) {
  await registration.waitForSync({ signal: AbortSignal.timeout(30_000) })
}
const cached = factory.core.v1.pods.lister.list().size
const threadIds = new Set(resources.map(({ informer }) => informer.stats().threadId))
await factory.close()
await server.close()
console.log(JSON.stringify({ version: process.version, cached, added, threads: threadIds.size }))

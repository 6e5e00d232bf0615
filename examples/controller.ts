// npm run example -- examples/controller.ts --server http://127.0.0.1:8001 --port 8080
//
// A whole controller to start from: keeps, per node, the number of pods that are not running, in a log line per change.
// Factory, index, work queue with retries, metrics and probes over HTTP, graceful stop.
import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import { createInformerFactory, priorityOf, runWorkers, WorkQueue } from 'kube-informer'

const { values } = parseArgs({
  options: {
    server: { type: 'string' },
    kubeconfig: { type: 'string' },
    port: { type: 'string', default: '8080' },
    workers: { type: 'string', default: '4' },
  },
})
const kubeConfig = values.server
  ? { server: values.server }
  : values.kubeconfig && { file: values.kubeconfig }

const factory = createInformerFactory({
  ...(kubeConfig && { kubeConfig }),
  // What the controller does not read is not kept: a pod of 7 KB becomes some hundred bytes.
  keepFields: ['spec.nodeName', 'status.phase'],
  onHandlerError: (error, { resource, key }) => console.error('handler failed', resource, key, error),
})
const { pods } = factory.core.v1
pods.informer.addIndexers({ byNode: 'spec.nodeName' })

// Keys of nodes, not of pods: a thousand changes on one node are one look at it.
const queue = new WorkQueue()
const registration = pods.informer.addEventHandler({
  onAdd: (event) => enqueue(event.object.spec?.nodeName, event),
  onUpdate(event) {
    const node = event.object.spec?.nodeName
    const oldNode = event.oldObject.spec?.nodeName
    enqueue(node, event)
    // Only where they differ: a key that a worker has taken between two adds would be processed twice.
    if (oldNode !== node) enqueue(oldNode, event)
  },
  onDelete: (event) => enqueue(event.object.spec?.nodeName, event),
})

function enqueue(node: string | undefined, event: Parameters<typeof priorityOf>[0]): void {
  // Live changes go before the initial list and resyncs.
  if (node !== undefined) queue.add(node, { priority: priorityOf(event) })
}

const lastCount = new Map<string, number>()

/** Level-based: reads what is, whatever happened; may be called again at any time. */
function reconcile(node: string): void {
  const all = pods.informer.indexer.byIndex('byNode', node)
  const count = all.filter((pod) => pod.status?.phase !== 'Running').length
  if (lastCount.get(node) === count) return
  lastCount.set(node, count)
  console.log(`${node}: ${count} of ${all.size} pods are not running`)
}

const probes = createServer((request, response) => {
  const sick = factory.health().filter(({ hasSynced, error }) => !hasSynced || error !== undefined)
  if (request.url === '/metrics') {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ queue: queue.stats(), informers: factory.stats().informers }))
  } else {
    // Alive as long as it answers; ready once the cache is complete and fresh.
    const isReady = sick.length === 0 && registration.hasSynced()
    response.statusCode = request.url === '/healthz' || isReady ? 200 : 503
    response.end(JSON.stringify(sick))
  }
})
probes.listen(Number(values.port), () => console.log('probes on', probes.address()))

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
process.once('SIGTERM', () => stop.abort())

factory.start()
// Before the list is complete, counts would be wrong.
await registration.waitForSync({ signal: stop.signal }).catch((error: Error) => {
  if (!stop.signal.aborted) throw error
})
const workers = runWorkers(queue, reconcile, {
  concurrency: Number(values.workers),
  signal: stop.signal,
  onError: (error, { item }) => console.error('reconcile failed', item, error),
})
await workers
// In this order: no new work, then no new events, then nothing to ask.
queue.shutDown()
await factory.close()
probes.close()
console.log('stopped')

// npm run example -- examples/shared-informer.ts --server http://127.0.0.1:8001
//
// One shared informer of pods: handlers, resync every 30 s, and a list of everything once the cache is complete.
// Without flags it takes the cluster that kubectl takes; --in-cluster takes the pod's service account.
import { parseArgs } from 'node:util'
import { createInformerFactory } from 'kube-informer'

const { values } = parseArgs({
  options: {
    kubeconfig: { type: 'string' },
    server: { type: 'string' },
    token: { type: 'string' },
    'in-cluster': { type: 'boolean', default: false },
  },
})
const kubeConfig = values['in-cluster']
  ? 'in-cluster'
  : values.server !== undefined
    ? { server: values.server, token: values.token }
    : values.kubeconfig !== undefined
      ? { file: values.kubeconfig }
      : undefined

const factory = createInformerFactory({ ...(kubeConfig && { kubeConfig }), resyncPeriodMs: 30_000 })
const pods = factory.core.v1.pods
pods.informer.addEventHandler({
  onAdd: ({ key }) => console.log(`add    ${key}`),
  onUpdate: ({ key, cause, oldObject, object }) => {
    // A resync repeats what is cached: nothing has changed.
    if (cause !== 'resync') console.log(`update ${key} ${oldObject.status?.phase} -> ${object.status?.phase}`)
  },
  onDelete: ({ key, finalStateUnknown }) =>
    console.log(`delete ${key}${finalStateUnknown ? ' (missed)' : ''}`),
})

process.once('SIGINT', () => void factory.close())
process.once('SIGTERM', () => void factory.close())
factory.start()
await factory.waitForCacheSync({ signal: AbortSignal.timeout(60_000) })

const all = pods.lister.list()
for (const { metadata, spec } of all) {
  console.log(`listed ${metadata.namespace}/${metadata.name} on ${spec?.nodeName ?? 'no node'}`)
}
console.log(`${all.size} pods`)

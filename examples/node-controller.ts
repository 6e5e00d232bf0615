// npm run example -- examples/node-controller.ts --server http://127.0.0.1:8001
//
// Several controllers on one factory: one watch and one cache per resource, whoever asks for it. Pods inform a taint
// manager, which finds a node's pods by index; daemon sets and namespaces have controllers of their own.
import { parseArgs } from 'node:util'
import type { V1Pod } from '@kubernetes/client-node'
import { createInformerFactory, type InformerFactory, type Wire } from 'kube-informer'

class TaintManager {
  readonly #factory: InformerFactory

  constructor(factory: InformerFactory) {
    this.#factory = factory
    const { nodes, pods } = factory.core.v1
    // A path is extracted in the worker; a function would unpack every pod on this thread.
    pods.informer.addIndexers({ byNode: 'spec.nodeName' })
    nodes.informer.addEventHandler({
      onAdd: ({ name }) => this.#checkNode(name),
      onUpdate: ({ name, object, oldObject }) => {
        if (JSON.stringify(object.spec?.taints) !== JSON.stringify(oldObject.spec?.taints)) {
          this.#checkNode(name)
        }
      },
    })
    // Nodes and pods come in no order between them: each looks for the other.
    pods.informer.addEventHandler({
      onAdd: ({ object }) => this.#checkPod(object),
      onUpdate: ({ object, oldObject }) => {
        if (object.spec?.nodeName !== oldObject.spec?.nodeName) this.#checkPod(object)
      },
    })
  }

  #checkNode(name: string): void {
    for (const pod of this.#factory.core.v1.pods.informer.indexer.byIndex('byNode', name)) this.#checkPod(pod)
  }

  #checkPod({ metadata, spec }: Wire<V1Pod>): void {
    const node =
      spec?.nodeName === undefined ? undefined : this.#factory.core.v1.nodes.lister.get(spec.nodeName)
    const isTolerated = (key: string): boolean =>
      spec?.tolerations?.some(
        (one) => one.operator === 'Exists' && (one.key === undefined || one.key === key),
      ) === true
    if (node?.spec?.taints?.some(({ effect, key }) => effect === 'NoExecute' && !isTolerated(key))) {
      console.log(`evict ${metadata.namespace}/${metadata.name} from ${node.metadata.name}`)
    }
  }
}

/** Pods per node, without a scan. */
class NodeReporter {
  readonly #factory: InformerFactory

  constructor(factory: InformerFactory) {
    this.#factory = factory
  }

  report(): void {
    const { nodes, pods } = this.#factory.core.v1
    for (const { metadata } of nodes.lister.list()) {
      console.log(`${metadata.name}: ${pods.informer.indexer.byIndex('byNode', metadata.name).size} pods`)
    }
  }
}

class NamespaceController {
  constructor(factory: InformerFactory) {
    const { namespaces, pods } = factory.core.v1
    namespaces.informer.addEventHandler({
      onDelete: ({ name }) => {
        const left = pods.lister.list({ namespace: name }).size
        console.log(`namespace ${name} is gone, ${left} of its pods are still to go`)
      },
    })
  }
}

class DaemonSetController {
  constructor(factory: InformerFactory) {
    factory.apps.v1.daemonsets.informer.addEventHandler({
      onAdd: ({ key, object }) => console.log(`daemon set ${key}: ${object.status?.numberReady ?? 0} ready`),
    })
  }
}

const { values } = parseArgs({ options: { server: { type: 'string' }, kubeconfig: { type: 'string' } } })
const kubeConfig = values.server
  ? { server: values.server }
  : values.kubeconfig && { file: values.kubeconfig }
const factory = createInformerFactory(kubeConfig ? { kubeConfig } : {})

new TaintManager(factory)
new NamespaceController(factory)
new DaemonSetController(factory)
const reporter = new NodeReporter(factory)

process.once('SIGINT', () => void factory.close())
process.once('SIGTERM', () => void factory.close())
factory.start()
await factory.waitForCacheSync({ signal: AbortSignal.timeout(60_000) })
reporter.report()

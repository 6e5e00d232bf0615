// npm run example -- examples/pod-watcher.ts --kubeconfig ~/.kube/config
//
// Prints every pod that is added, updated or deleted, until Ctrl-C or SIGTERM.
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createInformerFactory } from 'kube-informer'

const { values } = parseArgs({
  options: { kubeconfig: { type: 'string', default: join(homedir(), '.kube/config') } },
})
const factory = createInformerFactory({ kubeConfig: { file: values.kubeconfig } })
const pods = factory.core.v1.pods

pods.informer.addEventHandler({
  onAdd: ({ key, object }) => console.log(`added    ${key} ${object.status?.phase ?? ''}`),
  onUpdate: ({ key, object }) => console.log(`updated  ${key} ${object.status?.phase ?? ''}`),
  onDelete: ({ key }) => console.log(`deleted  ${key}`),
})
factory.start()

// Whatever comes first; a second signal ends the process as usual.
const stop = async (): Promise<void> => {
  await factory.close()
  console.log('stopped')
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)

import { createInformerFactory } from '../../src/index.ts'

// argv: server, file. Saves without a pause until it is killed.
const [server = '', file = ''] = process.argv.slice(2)
const factory = createInformerFactory({ kubeConfig: { server }, threads: 0 })
const { informer } = factory.core.v1.configmaps
factory.start()
await factory.waitForCacheSync()
for (let count = 1; ; count++) {
  await informer.saveSnapshot(file)
  console.log(`saved ${count}`)
}

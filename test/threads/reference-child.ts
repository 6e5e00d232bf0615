import { createInformerFactory } from '../../src/index.ts'

// argv: server, threads, when. Nothing but the informer may keep this process alive once its last line is printed.
const [server = '', threads = '1', when = 'never'] = process.argv.slice(2)
const factory = createInformerFactory({ kubeConfig: { server }, threads: Number(threads) })
const { informer } = factory.core.v1.configmaps
informer.addEventHandler({ onAdd() {} }, { resyncPeriodMs: 50 })
if (when === 'before') informer.unref()
factory.start()
if (when === 'before') {
  console.log('started')
} else {
  await factory.waitForCacheSync()
  console.log(`synced ${informer.indexer.size}`)
  if (when === 'after' || when === 'back') informer.unref()
  if (when === 'back') informer.ref()
}

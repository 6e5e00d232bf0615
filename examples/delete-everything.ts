// npm run example -- examples/delete-everything.ts
//
// A controller of the low-level parts alone, without a cluster: a source in memory, a store, a DeltaFIFO that knows the
// store, and a Controller that deletes at the source whatever it finds. Prints the keys whose deletion came back.
import { Controller, DeltaFIFO, deletionHandlingMetaNamespaceKeyFunc, newStore } from 'kube-informer'
import { FakeControllerSource } from 'kube-informer/testing'

const source = new FakeControllerSource()
const downstream = newStore()
const names = ['a-hello', 'b-controller', 'c-framework']
const deleted: string[] = []
const stop = new AbortController()

const controller = new Controller({
  // It knows the store, so that a list tells of what vanished while nobody watched.
  queue: new DeltaFIFO({ knownObjects: downstream }),
  listerWatcher: source,
  fullResyncPeriodMs: 60_000,
  retryOnError: false,
  process(deltas) {
    const newest = deltas.newest()
    if (newest.type !== 'Deleted') {
      downstream.add(newest.object)
      source.delete(newest.object)
      return
    }
    downstream.delete(newest.object)
    deleted.push(deletionHandlingMetaNamespaceKeyFunc(newest.object))
    if (deleted.length === names.length) stop.abort()
  },
})

for (const name of names) source.add({ metadata: { name } })
await controller.run({ signal: stop.signal })
for (const key of deleted.sort()) console.log(key)

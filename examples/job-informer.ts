// npm run example -- examples/job-informer.ts --server http://127.0.0.1:8001
//
// A plain informer over list and watch functions of one's own (any API will do), whose keys go to a work queue: bursts of
// changes of one job become one look at it, failures come again later, and no job is worked on twice at a time.
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { parseArgs } from 'node:util'
import type { V1Job } from '@kubernetes/client-node'
import {
  deletionHandlingMetaNamespaceKeyFunc,
  type ListerWatcher,
  newInformer,
  runWorkers,
  type SourceEvent,
  type SourceList,
  type Wire,
  WorkQueue,
} from 'kube-informer'

type Job = Wire<V1Job>

const { values } = parseArgs({ options: { server: { type: 'string', default: 'http://127.0.0.1:8001' } } })

async function get(query: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Response> {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value))
  const response = await fetch(`${values.server}/apis/batch/v1/jobs?${search}`, { signal })
  // Its code decides how it is retried: 410 lists anew.
  if (!response.ok) throw Object.assign(new Error(response.statusText), { code: response.status })
  return response
}

const jobs: ListerWatcher<Job> = {
  async list({ signal, ...query }) {
    return (await (await get(query, signal)).json()) as SourceList<Job>
  },
  async *watch({ signal, ...query }) {
    const { body } = await get({ ...query, watch: 1 }, signal)
    if (body === null) return
    for await (const line of createInterface({ input: Readable.fromWeb(body) })) {
      yield JSON.parse(line) as SourceEvent<Job>
    }
  },
}

const queue = new WorkQueue()
const { store, controller } = newInformer<Job>({
  listerWatcher: jobs,
  handler: {
    onAdd: (job) => queue.add(deletionHandlingMetaNamespaceKeyFunc(job)),
    onUpdate: (_old, job) => queue.add(deletionHandlingMetaNamespaceKeyFunc(job)),
    onDelete: (job) => queue.add(deletionHandlingMetaNamespaceKeyFunc(job)),
  },
  resyncPeriodMs: 30_000,
})

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
process.once('SIGTERM', () => stop.abort())

const workers = runWorkers(queue, (key) => {
  const job = store.getByKey(key)
  if (job === undefined) console.log(`${key} is gone`)
  else console.log(`${key}: ${job.status?.succeeded ?? 0} of ${job.spec?.completions ?? 1} succeeded`)
})
await controller.run({ signal: stop.signal })
queue.shutDown()
await workers

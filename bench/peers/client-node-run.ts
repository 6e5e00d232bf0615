// client-node's informer in a process of its own, used as a careful user would: managedFields removed from what is
// listed, a handler that reads two fields. One JSON line when synced; then one for each line "mark" on stdin.
//   client-node-run.ts URL RESOURCE [PAGE_SIZE]   with a page size the list function asks for pages
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import {
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  makeInformer,
} from '@kubernetes/client-node'

const [server = '', resource = '', pageSize] = process.argv.slice(2)
const config = new KubeConfig()
// client-node speaks plain HTTP only to a server whose certificate it is told not to check.
config.loadFromClusterAndUser({ name: 'bench', server, skipTLSVerify: true }, { name: 'bench' })

type Page = KubernetesListObject<KubernetesObject>
type ListPage = (page: { limit?: number; _continue?: string }) => Promise<Page>

function source(): { readonly path: string; readonly list: ListPage } {
  if (resource === 'pods') {
    const api = config.makeApiClient(CoreV1Api)
    return { path: '/api/v1/pods', list: (page) => api.listPodForAllNamespaces(page) }
  }
  if (resource === 'leases') {
    const api = config.makeApiClient(CoordinationV1Api)
    return {
      path: '/apis/coordination.k8s.io/v1/leases',
      list: (page) => api.listLeaseForAllNamespaces(page),
    }
  }
  const api = config.makeApiClient(CustomObjectsApi)
  const type = { group: 'example.com', version: 'v1', plural: resource }
  return {
    path: `/apis/example.com/v1/${resource}`,
    list: (page) => api.listClusterCustomObject({ ...type, ...page }),
  }
}

const { path, list } = source()
let objects = 0
let handled = 0
/** Summed and printed, so that no compiler may leave the reading out. */
let checksum = 0

async function listAll(): Promise<Page> {
  const limit = pageSize === undefined ? {} : { limit: Number(pageSize) }
  const whole = await list(limit)
  strip(whole)
  let token = continueOf(whole)
  while (token !== undefined) {
    const page = await list({ ...limit, _continue: token })
    strip(page)
    for (const item of page.items) whole.items.push(item)
    token = continueOf(page)
  }
  objects = whole.items.length
  return whole
}

/** The text of the wire, or the model's name for it. */
function continueOf({ metadata }: Page): string | undefined {
  const { continue: wire, _continue: model } = (metadata ?? {}) as { continue?: string; _continue?: string }
  return wire || model || undefined
}

function strip({ items }: Page): void {
  for (const { metadata } of items) if (metadata !== undefined) delete metadata.managedFields
}

interface TwoFields extends KubernetesObject {
  readonly status?: { readonly phase?: string }
  readonly spec?: { readonly holderIdentity?: string; readonly text?: string }
}

function look(object: TwoFields): void {
  const second = object.status?.phase ?? object.spec?.holderIdentity ?? object.spec?.text ?? ''
  checksum += (object.metadata?.name?.length ?? 0) + second.length
  handled++
}

const informer = makeInformer<KubernetesObject>(config, path, listAll)
informer.on('add', look)
informer.on('update', look)
informer.on('error', (error) => {
  console.error(`Error: ${error instanceof Error ? error.message : JSON.stringify(error)}`)
  process.exit(1)
})
const startMs = performance.now()
await informer.start()
const wallMs = performance.now() - startMs
report()

function report(): void {
  const { user, system } = process.cpuUsage()
  console.log(
    JSON.stringify({
      wallMs,
      handlerWallMs: wallMs,
      cpuMs: (user + system) / 1000,
      rssBytes: process.memoryUsage.rss(),
      peakRssBytes: peakRssBytes(),
      objects,
      handled,
      checksum,
    }),
  )
}

function peakRssBytes(): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return Number(kib) * 1024
}

for await (const line of createInterface({ input: process.stdin })) if (line === 'mark') report()
process.exit(0)

import { afterAll, beforeAll, expect, it } from 'vitest'
import { createInformerFactory } from '../../src/index.ts'
import { EmbeddedApiServer } from '../../src/testing/index.ts'
import { KubeClient } from '../support/kube-client.ts'
import { until } from '../support/until.ts'
import { describeCluster } from './support/cluster.ts'
import { expectSameObjects } from './support/compare.ts'
import {
  createNamespace,
  createWidgetDefinition,
  namespace,
  pod,
  podsPath,
  widget,
  widgetsPath,
} from './support/objects.ts'

const plain = 'application/json'
const ofObject = `${plain};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`
const ofList = `${plain};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1`
const streamed = 'watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan'

/** What a server answers to who wants metadata, without what differs from run to run. */
async function transcript(client: KubeClient): Promise<Record<string, unknown>> {
  const steps: Record<string, unknown> = {}
  for (const [path, object] of [
    [podsPath, pod],
    [widgetsPath, widget],
  ] as const) {
    for (const name of ['one', 'two']) await client.create(path, object(name, 1 as never))
    const list = async (query: string, accept: string) => await client.list(`${path}${query}`, accept)
    steps[`${path} list`] = shape(await list('', `${ofList},${plain}`))
    steps[`${path} page`] = shape(await list('?limit=1', `${ofList},${plain}`))
    steps[`${path} fallback`] = shape(await list('', `${plain};as=Nonsense;g=meta.k8s.io;v=v1,${plain}`))
    const answer = async (suffix: string, accept: string) => {
      const { status, body } = await client.request('GET', `${path}${suffix}`, undefined, undefined, accept)
      const { kind, apiVersion, spec, reason } = JSON.parse(body)
      return { status, kind, apiVersion, reason, hasSpec: spec !== undefined }
    }
    steps[`${path} get`] = await answer('/one', ofObject)
    steps[`${path} list as object`] = await answer('', `${ofObject},${plain}`)
    // Of a custom resource it is a real server's own fault: 500.
    if (path === podsPath) steps['object as list'] = await answer('/one', `${ofList},${plain}`)
    steps[`${path} nothing served`] = await answer('', 'text/html')
    const seen: unknown[] = []
    for await (const { type, object } of client.watch(`${path}?${streamed}`, `${ofObject},${plain}`)) {
      const { apiVersion, kind, metadata, ...rest } = object
      if (type === 'MODIFIED' && metadata['deletionTimestamp'] !== undefined) continue
      const { name, annotations } = metadata
      seen.push({ type, apiVersion, kind, name, annotations, rest: Object.keys(rest) })
      if (type === 'BOOKMARK') {
        await client.mergePatch(`${path}/one`, { metadata: { annotations: { a: '}"{' } } })
        await client.delete(`${path}/two`)
      }
      if (seen.length === 5) break
    }
    steps[`${path} stream`] = seen
  }
  return steps
}

function shape({ metadata, items, ...rest }: Awaited<ReturnType<KubeClient['list']>>): unknown {
  return {
    ...rest,
    metadata: Object.keys(metadata).filter((key) => metadata[key as 'continue'] !== ''),
    items: items.map(({ apiVersion, kind, metadata: { name }, ...others }) => ({
      ...{ apiVersion, kind, name },
      isWhole: 'spec' in others,
    })),
  }
}

describeCluster('metadata alone', {}, (cluster) => {
  const embedded = new EmbeddedApiServer()
  let client: KubeClient
  let admin: KubeClient

  beforeAll(async () => {
    await embedded.start()
    client = new KubeClient(embedded.url)
    admin = await cluster().client()
    for (const each of [client, admin]) {
      await createNamespace(each)
      await createWidgetDefinition(each)
    }
  })
  afterAll(async () => {
    await client.close()
    await embedded.close()
  })

  it('is given by the embedded server as by a real one', async () => {
    expect(await transcript(client)).toEqual(await transcript(admin))
  })

  it('is what an informer holds of a real server, while it changes', async () => {
    const factory = createInformerFactory({
      kubeConfig: {
        server: cluster().replicas[0]?.url ?? '',
        token: cluster().token('admin'),
        ca: await cluster().ca(),
      },
    })
    try {
      const pods = factory.forResource({ version: 'v1', resource: 'pods', metadataOnly: true })
      const { informer, lister } = pods.select({ namespace })
      informer.start()
      await informer.waitForSync({ signal: AbortSignal.timeout(30_000) })
      await admin.create(podsPath, pod('late'))
      await admin.mergePatch(`${podsPath}/one`, { metadata: { labels: { changed: 'yes' } } })
      await until(() => lister.get(`${namespace}/one`)?.metadata.labels?.['changed'] === 'yes', 'the change')
      expectSameObjects(lister.list(), await admin.list(podsPath, ofList))
      expect(lister.get(`${namespace}/late`)).toMatchObject({ kind: 'PartialObjectMetadata' })
      expect(lister.list().some((one) => 'spec' in one)).toBe(false)
    } finally {
      await factory.close()
    }
  })
})

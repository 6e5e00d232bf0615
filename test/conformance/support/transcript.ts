import type { KubeClient, KubeList, WatchEvent } from '../../support/kube-client.ts'
import { createNamespace, createWidgetDefinition, pod, podsPath, widget, widgetsPath } from './objects.ts'

const streamed = 'watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan'

/**
 * What a server answers to one fixed scenario, without what differs from run to run (uids, versions, times, wording):
 * two servers that give the same transcript are the same to an informer. Needs a server without pods.
 */
export async function transcript(client: KubeClient): Promise<Record<string, unknown>> {
  await createNamespace(client)
  await createWidgetDefinition(client)
  const steps: Record<string, unknown> = {}
  const list = async (query = ''): Promise<KubeList> => await client.list(`${podsPath}${query}`)
  const answer = async (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
  ) => {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const response = await client.request(method, path, body, type)
    return outcome(response.status, response.body)
  }

  steps['empty list'] = listShape(await list())
  steps['create'] = await answer('POST', podsPath, pod('one'))
  steps['create again'] = await answer('POST', podsPath, pod('one'))
  steps['get missing'] = await answer('GET', `${podsPath}/none`)
  steps['delete missing'] = await answer('DELETE', `${podsPath}/none`)
  steps['unknown resource'] = await answer('GET', '/api/v1/gadgets')
  steps['unknown group'] = await client.request('GET', '/apis/gadgets.example.com/v1/gadgets')
  steps['unknown custom resource'] = await client.request('GET', '/apis/example.com/v1/gadgets')
  steps['unknown custom version'] = await client.request('GET', '/apis/example.com/v9/widgets')
  steps['create in no namespace'] = await answer('POST', '/api/v1/pods', pod('nowhere'))
  steps['list'] = listShape(await list())
  const stale = await client.get(`${podsPath}/one`)
  await client.mergePatch(`${podsPath}/one`, { metadata: { labels: { step: 'patched' } } })
  steps['update at an old version'] = await answer('PUT', `${podsPath}/one`, stale)

  for (const name of ['two', 'three', 'four', 'five']) await client.create(podsPath, pod(name))
  const first = await list('?limit=2')
  const second = await list(`?limit=2&continue=${encodeURIComponent(first.metadata.continue ?? '')}`)
  const third = await list(`?limit=2&continue=${encodeURIComponent(second.metadata.continue ?? '')}`)
  steps['pages'] = [first, second, third].map((page) => listShape(page))
  steps['pages have one version'] =
    new Set([first, second, third].map((page) => page.metadata.resourceVersion)).size === 1
  steps['limit at version 0'] = (await list('?limit=2&resourceVersion=0')).items.length
  steps['continue with a version'] = await answer(
    'GET',
    `${podsPath}?limit=2&resourceVersion=1&continue=${encodeURIComponent(first.metadata.continue ?? '')}`,
  )
  steps['broken continue'] = await answer('GET', `${podsPath}?limit=2&continue=nonsense`)
  steps['version that is none'] = await answer('GET', `${podsPath}?resourceVersion=abc`)
  steps['version of the future'] = await answer(
    'GET',
    `${podsPath}?resourceVersion=99999999&resourceVersionMatch=NotOlderThan`,
  )
  steps['match without a version'] = await answer('GET', `${podsPath}?resourceVersionMatch=NotOlderThan`)
  steps['exact list'] = listShape(
    await list(`?resourceVersion=${first.metadata.resourceVersion}&resourceVersionMatch=Exact`),
  )
  steps['broken label selector'] = await answer(
    'GET',
    `${podsPath}?labelSelector=${encodeURIComponent('a in (')}`,
  )
  steps['unknown field selector'] = await answer('GET', `${podsPath}?fieldSelector=spec.nonsense%3Da`)
  steps['by label'] = namesOf(await list(`?labelSelector=${encodeURIComponent('step=patched')}`))
  steps['by set'] = namesOf(await list(`?labelSelector=${encodeURIComponent('step notin (patched),suite')}`))
  steps['by name'] = namesOf(await list('?fieldSelector=metadata.name%3Dtwo'))
  steps['initial events without a match'] = await answer('GET', `${podsPath}?watch=1&sendInitialEvents=true`)
  const unwatched = `${podsPath}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan`
  steps['initial events without a watch'] = (await client.request('GET', unwatched)).status

  const since = (await list()).metadata.resourceVersion
  steps['streamed list, then changes'] = await events(client, `${podsPath}?${streamed}`, 9, async () => {
    await client.mergePatch(`${podsPath}/two`, { metadata: { annotations: { a: '1' } } })
    await client.create(podsPath, pod('six'))
    await client.delete(`${podsPath}/six`)
  })
  steps['resume'] = await events(client, `${podsPath}?watch=1&resourceVersion=${since}`, 3)
  steps['deletes come with a version of their own'] = await deleteVersions(client, since)
  const selector = encodeURIComponent('tier=web')
  steps['enter and leave a selector'] = await events(
    client,
    `${podsPath}?watch=1&resourceVersion=${(await list()).metadata.resourceVersion}&labelSelector=${selector}`,
    4,
    async () => {
      for (const tier of ['web', 'db', 'web']) {
        await client.mergePatch(`${podsPath}/three`, { metadata: { labels: { tier } } })
      }
      await client.delete(`${podsPath}/three`)
    },
  )
  steps['a watch of a second ends cleanly'] = sorted(
    await events(client, `${podsPath}?watch=1&timeoutSeconds=1`, 100),
  )
  steps['watch without a version'] = sorted(await events(client, `${podsPath}?watch=1`, 4))
  steps['watch from version 0'] = sorted(await events(client, `${podsPath}?watch=1&resourceVersion=0`, 4))

  await client.create(widgetsPath, widget('one', 1))
  steps['custom list'] = listShape(await client.list(widgetsPath))
  steps['custom stream'] = await events(client, `${widgetsPath}?${streamed}`, 3, async () => {
    await client.mergePatch(`${widgetsPath}/one`, { spec: { size: 2 } })
  })
  return steps
}

function outcome(status: number, body: string): unknown {
  const answer = JSON.parse(body)
  if (answer.kind !== 'Status') return { status, kind: answer.kind, apiVersion: answer.apiVersion }
  const { kind, apiVersion, reason, code, details } = answer
  const causes = details?.causes?.map((cause: { reason?: string; field?: string }) => [
    cause.reason,
    cause.field,
  ])
  const what = { name: details?.name, of: details?.kind, retryAfterSeconds: details?.retryAfterSeconds }
  return { status, kind, apiVersion, reason, code, result: answer.status, ...what, causes }
}

function listShape(list: KubeList): unknown {
  const { metadata, items, ...rest } = list
  const { resourceVersion, continue: token, ...more } = metadata
  return {
    ...rest,
    metadata: {
      ...more,
      hasVersion: /^[1-9][0-9]*$/.test(resourceVersion),
      // Custom lists end with an empty token, built-in ones with none.
      hasContinue: token !== undefined && token !== '',
    },
    items: items.map(({ apiVersion, kind, metadata: { name } }) => ({ apiVersion, kind, name })),
  }
}

function namesOf(list: KubeList): readonly string[] {
  return list.items.map((item) => item.metadata.name)
}

/** The first `count` events, or all until the server ends the stream; `act` runs once the stream is open. */
async function events(
  client: KubeClient,
  path: string,
  count: number,
  act?: () => Promise<void>,
): Promise<string[]> {
  const seen: string[] = []
  let acting: Promise<void> | undefined
  // An initial stream is left alone until its end, so that no change can mix with it.
  if (!path.includes('sendInitialEvents')) acting = act?.()
  for await (const event of client.watch(path)) {
    // A real server first marks a pod as terminating, even one that no kubelet holds; the embedded one need not.
    if (event.type === 'MODIFIED' && event.object.metadata['deletionTimestamp'] !== undefined) continue
    seen.push(describe(event))
    if (event.type === 'BOOKMARK' && acting === undefined) {
      // The objects of an initial stream come in no order that is worth comparing.
      seen.splice(0, seen.length, ...sorted(seen.slice(0, -1)), seen.at(-1) as string)
      acting = act?.()
    }
    if (seen.length === count) break
  }
  await acting
  return seen
}

/** An unordered initial list has no order worth comparing. */
function sorted(values: readonly string[]): readonly string[] {
  return values.toSorted()
}

function describe(event: WatchEvent): string {
  const { apiVersion, kind, metadata } = event.object
  const annotations = metadata.annotations as Record<string, string> | undefined
  const end = annotations?.['k8s.io/initial-events-end'] === 'true' ? ' end' : ''
  return `${event.type} ${apiVersion} ${kind} ${metadata.name ?? ''}${end}`
}

async function deleteVersions(client: KubeClient, since: string): Promise<boolean> {
  for await (const event of client.watch(`${podsPath}?watch=1&resourceVersion=${since}`)) {
    if (event.type !== 'DELETED') continue
    const created = BigInt(since)
    return BigInt(event.object.metadata.resourceVersion) > created + 1n
  }
  return false
}

import { expect } from 'vitest'
import type { ScenarioBed, Watched } from './scenario-bed.ts'

const collection = '/api/v1/namespaces/default/configmaps'
const pageSize = 10

/**
 * Between two pages of the first list objects change, and storage forgets the version of the list: it goes on with the
 * fresh token of the 410, and what changed on pages that were read already comes by the watch.
 */
export async function pageExpired(bed: ScenarioBed): Promise<void> {
  const { urls, watched } = await listWhile(bed, 'page', () => bed.cluster.compact())
  expect(urls.filter((url) => !url.includes('limit='))).toEqual([])
  await bed.cluster.admin.create(collection, { metadata: { name: 'page-after' } })
  await bed.settled(watched)
  expect(watched.recorder.log.at(-1)).toBe('add page-after watch')
}

/** The API server has forgotten the first page's version, too: no watch can tell what changed since; one whole list does. */
export async function firstPageForgotten(bed: ScenarioBed): Promise<void> {
  // Before what other scenarios leave: its objects are to stand on the first pages.
  const { urls, watched } = await listWhile(bed, 'a-page', () => bed.cluster.forget())
  watched.relists = 1
  expect(urls.filter((url) => !url.includes('limit='))).toHaveLength(1)
}

/** Lists config maps by pages; `forget` runs after the first one. Gives the URLs of all lists once all is settled. */
async function listWhile(
  bed: ScenarioBed,
  prefix: string,
  forget: () => Promise<void>,
): Promise<{ readonly urls: readonly string[]; readonly watched: Watched }> {
  const { admin } = bed.cluster
  const name = (part: string | number) => `${prefix}-${part}`
  const create = (part: string | number) => admin.create(collection, { metadata: { name: name(part) } })
  const patch = (part: number) =>
    admin.mergePatch(`${collection}/${name(part)}`, { data: { state: 'changed' } })
  const remove = (part: number) => admin.delete(`${collection}/${name(part)}`)
  for (let i = 10; i < 35; i++) await create(i)

  const gate = await bed.gate()
  const factory = bed.factory('admin', { server: gate.url }, { pageSize })
  const watched = bed.watch(factory, { group: '', version: 'v1', resource: 'configmaps' })
  const next = gate.hold(/continue=/)
  factory.start()
  await next.arrived
  // On the page that was read, at its end, and on pages to come.
  await patch(10)
  await create('10-new')
  await remove(11)
  await remove(12)
  await create(12)
  await remove(19)
  await patch(25)
  await create('25-new')
  await remove(26)
  await forget()
  next.release()
  await bed.synced(factory)
  await bed.settled(watched)

  const lists = gate.requests.filter(({ url }) => !url.includes('watch=1'))
  const statuses = lists.map(({ status }) => status)
  expect(statuses.slice(0, 4)).toEqual([200, 410, 200, 200])
  expect(new Set(statuses.slice(4))).toEqual(new Set(statuses.length > 4 ? [200] : []))
  // The list began once; all after it went on.
  expect(lists.filter(({ url }) => /limit=/.test(url) && !/continue=/.test(url))).toHaveLength(1)
  return { urls: lists.map(({ url }) => url), watched }
}

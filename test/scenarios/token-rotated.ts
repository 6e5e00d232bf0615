import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { ScenarioBed } from './scenario-bed.ts'

const collection = '/api/v1/namespaces/default/configmaps'

/**
 * A token file is rewritten and the old token revoked: the next request is refused once at most, the file read at once,
 * the watch resumed. Then a token is revoked before the file has its successor: that is told until the file is rewritten.
 */
export async function tokenRotated(bed: ScenarioBed): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'kube-informer-token-'))
  bed.onClose(() => rm(dir, { recursive: true, force: true }))
  const file = join(dir, 'token')
  const { cluster } = bed
  const create = (name: string) => cluster.admin.create(collection, { metadata: { name } })
  const [first, second] = [await cluster.issueToken(), await cluster.issueToken()]
  await replaceFile(file, first.value)
  const gate = await bed.gate()
  const factory = bed.factory('admin', { server: gate.url, token: undefined, tokenFile: file })
  const watched = bed.watch(factory, { group: '', version: 'v1', resource: 'configmaps' })
  factory.start()
  await bed.synced(factory)

  await replaceFile(file, second.value)
  await first.revoke()
  await create('token-while-the-watch-runs')
  await bed.settled(watched)
  expect(watched.informer.state).toBe('watching')

  let seen = gate.requests.length
  expect(gate.cut(/watch=1/)).toBe(1)
  await create('token-rotated')
  await bed.settled(watched)
  // One refusal, or none: a connection that broke has the file looked at, and that may be faster.
  const answers = gate.requests.slice(seen).map(({ status, authorization }) => [status, authorization])
  expect(answers.at(-1)).toEqual([200, `Bearer ${second.value}`])
  expect([[], [[401, `Bearer ${first.value}`]]]).toContainEqual(answers.slice(0, -1))

  await second.revoke()
  seen = gate.requests.length
  expect(gate.cut(/watch=1/)).toBe(1)
  // The token it had, and the same one, read anew.
  const refusals = () => gate.requests.slice(seen).filter(({ status }) => status === 401).length
  await bed.until(() => refusals() > 1, 'the fresh token is refused, too')
  const isTold = () => watched.informer.health().error?.code === 'ERR_UNAUTHORIZED'
  await bed.until(isTold, 'the refusal is told')
  const { state, error } = watched.informer.health()
  expect(state).toBe('retrying')
  expect(error?.message).not.toContain(second.value)
  await create('token-missed')
  expect(watched.informer.indexer.get('default/token-rotated')?.metadata.name).toBe('token-rotated')

  const third = await cluster.issueToken()
  await replaceFile(file, third.value)
  await bed.settled(watched)
  expect(watched.recorder.log.at(-1)).toBe('add token-missed watch')
  const statuses = gate.requests.slice(seen).map(({ status }) => status)
  expect(new Set(statuses.slice(0, -1))).toEqual(new Set([401]))
  expect(gate.requests.at(-1)).toMatchObject({ status: 200, authorization: `Bearer ${third.value}` })
}

/** As kubelet does: a reader finds the old or the new token, never a half. */
async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, `${text}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

import { expect } from 'vitest'
import { Churn } from '../conformance/support/churn.ts'
import type { ChangeLine } from '../conformance/support/cli.ts'
import { checkLedger } from '../conformance/support/compare.ts'
import { createNamespace } from '../conformance/support/objects.ts'
import { TcpRelay } from '../support/tcp-relay.ts'
import type { ScenarioBed, Watched } from './scenario-bed.ts'
import type { ScenarioReplica } from './scenario-cluster.ts'

const pauseMs = 10

/**
 * Two API servers behind a load balancer are restarted one after the other while pods come and go: watches move to the
 * other one and resume there, nothing is lost, nothing told twice, no list is needed.
 */
export async function rollingRestart(bed: ScenarioBed): Promise<void> {
  const replicas = await bed.cluster.replicas()
  const [first, second] = replicas
  await createNamespace(bed.cluster.admin)
  const relay = new TcpRelay(...replicas.map(({ url }) => Number(new URL(url).port)))
  await relay.mend()
  bed.onClose(() => relay.cut())
  // Each through its own server: who writes is not to be in doubt whether a write arrived.
  const [byFirst, bySecond] = [new Churn(first.admin, 'by-first'), new Churn(second.admin, 'by-second')]
  bed.onClose(() => Promise.allSettled([byFirst.stop(), bySecond.stop()]))
  for (let i = 0; i < 30; i++) await byFirst.create(`before-${i}`)
  const address = new URL(bed.cluster.connection('admin').server)
  address.port = String(relay.port)
  const factory = bed.factory('admin', { server: address.origin })
  const watched = bed.watch(factory, { group: '', version: 'v1', resource: 'pods' })
  const told = changesOf(watched)
  // Short watches: the server sends a bookmark before it ends one.
  const still = bed.factory('admin', { server: address.origin }, { watchTimeoutMinMs: 3_000 })
  const quiet = bed.watch(still, { group: '', version: 'v1', resource: 'configmaps' })
  for (const each of [factory, still]) each.start()
  for (const each of [factory, still]) await bed.synced(each)
  expect(relay.current).toBe(0)

  bySecond.start(pauseMs)
  await first.stop()
  await grows(bed, bySecond)
  await hears(bed, watched, bySecond, 'during-first')
  expect(relay.current).toBe(1)
  await first.start()
  // A watch that has heard of nothing since the new server's cache began could not resume there.
  await hears(bed, watched, bySecond, 'after-first')
  await isMarked(bed, quiet, second)
  byFirst.start(pauseMs)
  await bySecond.stop()

  await second.stop()
  await grows(bed, byFirst)
  await hears(bed, watched, byFirst, 'during-second')
  expect(relay.current).toBe(0)
  await second.start()
  await hears(bed, watched, byFirst, 'after-second')
  await isMarked(bed, quiet, first)
  await byFirst.stop()
  await bed.settled(watched)

  const results = [byFirst, bySecond].map((churn) => {
    return checkLedger(churn, { changes: told }, [])
  })
  expect(results.map(({ problems, unseen }) => ({ problems, unseen }))).toEqual(
    Array(2).fill({ problems: [], unseen: 0 }),
  )
  const mergedAway = results.reduce((sum, result) => sum + result.mergedAway, 0)
  const isCounted = () => {
    const { watch, listeners } = watched.informer.stats()
    return mergedAway <= listeners.reduce((sum, { merged }) => sum + merged, watch.merged)
  }
  // Told twice a second.
  await bed.until(isCounted, 'whatever came and went unseen is counted as merged')
}

/** While a server is away, pods come. */
async function grows(bed: ScenarioBed, { lives }: Churn): Promise<void> {
  const before = lives.length
  await bed.until(() => lives.length > before + 10, 'pods come')
}

/** A bookmark takes the watch, for which nothing happens, to what this server knows now. */
async function isMarked(
  bed: ScenarioBed,
  { path, informer }: Watched,
  { admin }: ScenarioReplica,
): Promise<void> {
  const { metadata } = await admin.list(path)
  const isThere = () => BigInt(informer.lastSyncResourceVersion ?? 0) >= BigInt(metadata.resourceVersion)
  await bed.until(isThere, `a bookmark of ${metadata.resourceVersion}`)
}

/** The watch gives a pod that is made now. */
async function hears(bed: ScenarioBed, { recorder }: Watched, churn: Churn, name: string): Promise<void> {
  const { key } = await churn.createKept(name)
  const isThere = () => recorder.log.includes(`add ${name} watch`)
  await bed.until(isThere, `${key} is told`)
}

function changesOf({ informer }: Watched): readonly Pick<ChangeLine, 'type' | 'uid'>[] {
  const changes: Pick<ChangeLine, 'type' | 'uid'>[] = []
  const take = ({ type, uid }: Pick<ChangeLine, 'type' | 'uid'>): void => void changes.push({ type, uid })
  informer.addEventHandler({ onAdd: take, onUpdate: take, onDelete: take })
  return changes
}

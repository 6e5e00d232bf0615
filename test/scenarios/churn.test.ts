import { afterAll, beforeAll, expect, it } from 'vitest'
import { Churn } from '../conformance/support/churn.ts'
import { createNamespace, podsPath } from '../conformance/support/objects.ts'
import { EmbeddedCluster } from './embedded-cluster.ts'

let cluster: EmbeddedCluster

beforeAll(async () => {
  cluster = await EmbeddedCluster.start()
  await createNamespace(cluster.admin)
})

afterAll(async () => {
  await cluster?.close()
})

it('no step touches a kept pod, which the ledger has all the same', async () => {
  const churn = new Churn(cluster.admin, 'churn')
  const kept = await churn.createKept('kept')
  // Few others: each step that takes a victim would soon find it.
  for (let i = 0; i < 45; i++) await churn.step()
  await churn.clear()
  const { items } = await cluster.admin.list(podsPath)
  expect(items.map(({ metadata }) => metadata.uid)).toEqual([kept.uid])
  expect(churn.lives).toContain(kept)
  expect(kept).toMatchObject({ deletedAtMs: undefined, updates: 0 })
})

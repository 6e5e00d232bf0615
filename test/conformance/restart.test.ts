import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { createInformerFactory, type InformerFactory } from '../../src/index.ts'
import type { KubeClient } from '../support/kube-client.ts'
import { until } from '../support/until.ts'
import { Churn } from './support/churn.ts'
import { Cli } from './support/cli.ts'
import { describeCluster } from './support/cluster.ts'
import { checkLedger, expectFoldEqualsList, expectSameObjects } from './support/compare.ts'
import { createNamespace, namespace, podsPath } from './support/objects.ts'

// The informer watches server 0; pods come and go through server 1 all the time, so that the one being restarted
// really misses changes: its watch cache starts anew, and every resume from before ends in a 410.
describeCluster('restarts of the API server', { replicas: 2 }, (cluster) => {
  let admin: KubeClient
  let other: KubeClient
  let churn: Churn
  let cli: Cli
  let factory: InformerFactory

  beforeAll(async () => {
    admin = await cluster().client('admin', 0)
    other = await cluster().client('admin', 1)
    await createNamespace(other)
  })

  // New clients each time: after three outages within two minutes they would rightly wait up to a minute.
  beforeEach(async ({ task }) => {
    churn = new Churn(other, `restart-${task.id.replaceAll(/[^a-z0-9]/g, '-')}`)
    for (let i = 0; i < 60; i++) await churn.create(`before-${i}`)
    cli = new Cli(['watch', 'pods', '-n', namespace, '--kubeconfig', await cluster().kubeconfig()])
    factory = createInformerFactory({
      kubeConfig: {
        server: cluster().replicas[0]?.url ?? '',
        token: cluster().token('admin'),
        ca: await cluster().ca(),
      },
      namespace,
    })
    const { informer } = factory.core.v1.pods
    factory.start()
    await informer.waitForSync({ signal: AbortSignal.timeout(30_000) })
    await cli.waitFor('the initial list', () => cli.isSynced)
  })

  afterEach(async () => {
    await churn.stop().catch(() => {})
    await factory.close()
    await cli.kill()
    await churn.clear()
  })

  it.each([
    ['a graceful stop', 'SIGTERM', 5_000],
    ['a crash', 'SIGKILL', 3_000],
    ['a crash and a short outage', 'SIGKILL', 0],
  ] as const)('%s: no create and no delete is lost', async (_name, signal, downMs) => {
    const server = cluster().replicas[0]
    churn.start(5)
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    const fromMs = performance.now()
    const statesBefore = cli.states.length
    await server?.stop(signal)
    await new Promise((resolve) => setTimeout(resolve, downMs))
    await server?.start()
    await cli.waitFor('the watch after the restart', () => {
      return cli.states.length > statesBefore && cli.state === 'watching'
    })
    const toMs = performance.now()
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    await churn.stop()

    await settle(cli, churn)
    const { unseen, mergedAway, problems } = checkLedger(churn, cli, [{ fromMs, toMs }])
    expect(problems).toEqual([])
    const list = await admin.list(podsPath)
    expectFoldEqualsList(cli, list)
    const pods = factory.core.v1.pods
    await until(
      () => {
        const isThere = list.items.every(
          ({ metadata }) => pods.lister.get(`${namespace}/${metadata.name}`)?.metadata.uid === metadata.uid,
        )
        return isThere && pods.lister.list().size === list.items.length
      },
      'the library has caught up',
      60_000,
    )
    expectSameObjects(pods.lister.list(), list)

    // The outage was told, and so was every delete that nobody saw: as one, with the last known state.
    expect(cli.states.some((line) => line.error !== undefined)).toBe(true)
    expect(cli.changes.some((line) => line.type === 'delete' && line.finalStateUnknown === true)).toBe(true)
    expect(await cli.interrupt()).toBe(0)
    expect(cli.summary).toMatchObject({ refused: 0, handlerErrors: 0, objects: list.items.length })
    expect(cli.summary?.relists).toBeGreaterThan(0)
    const { merged = 0, relists, reconnects } = cli.summary ?? {}
    expect(mergedAway).toBeLessThanOrEqual(merged)
    console.log(
      `${churn.lives.length} pods came, ${unseen} of them and went while the server was down, ${mergedAway} merged away; ` +
        `${merged} changes merged, ${relists} relists, ${reconnects} reconnects`,
    )
  })
})

async function settle(cli: Cli, churn: Churn): Promise<void> {
  const alive = new Set(churn.alive.map((life) => life.uid))
  await cli.waitFor('the last change', () => {
    const seen = [...cli.fold().values()].map((entry) => entry.uid)
    return seen.length === alive.size && seen.every((uid) => alive.has(uid))
  })
}

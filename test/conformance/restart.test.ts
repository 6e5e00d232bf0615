import { afterAll, beforeAll, expect, it } from 'vitest'
import { createInformerFactory, type InformerFactory } from '../../src/index.ts'
import { until } from '../support/child-process.ts'
import type { KubeClient } from '../support/kube-client.ts'
import { Churn } from './support/churn.ts'
import { Cli } from './support/cli.ts'
import { describeCluster } from './support/cluster.ts'
import { checkLedger, expectFoldEqualsList, expectSameObjects } from './support/compare.ts'
import { createNamespace, namespace, podsPath } from './support/objects.ts'

// The informer watches server 0; pods come and go through server 1 all the time, so that the one being restarted
// really misses changes: its watch cache starts anew, and every resume from before ends in a 410.
describeCluster('restarts of the API server', { replicas: 2 }, (cluster) => {
  let admin: KubeClient
  let churn: Churn
  let cli: Cli
  let factory: InformerFactory

  beforeAll(async () => {
    const other = await cluster().client('admin', 1)
    admin = await cluster().client('admin', 0)
    await createNamespace(other)
    churn = new Churn(other, 'restart')
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

  afterAll(async () => {
    await churn?.stop().catch(() => {})
    await factory?.close()
    await cli?.kill()
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
    const { unseen, problems } = checkLedger(churn, cli, [{ fromMs, toMs }, ...earlier])
    earlier.push({ fromMs, toMs })
    console.log(`${churn.lives.length} lives, ${unseen} began and ended while the server was down`)
    // No loss is excused by the merge count: what merges here are states between a create and a delete.
    expect(problems).toEqual([])
    const list = await admin.list(podsPath)
    expectFoldEqualsList(cli, list)
    const pods = factory.core.v1.pods
    await until('the library has caught up', 30_000, () =>
      pods.lister.list().size === list.items.length ? true : undefined,
    )
    expectSameObjects(pods.lister.list(), list)
  })

  const earlier: { fromMs: number; toMs: number }[] = []

  it('tells of the outages and ends cleanly on Ctrl-C', async () => {
    expect(cli.states.some((line) => line.error !== undefined)).toBe(true)
    expect(await cli.interrupt()).toBe(0)
    expect(cli.summary).toMatchObject({ refused: 0, handlerErrors: 0, objects: churn.alive.length })
    const { merged, relists, reconnects } = cli.summary ?? {}
    console.log(`${merged} merged, ${relists} relists, ${reconnects} reconnects`)
    expect(relists).toBeGreaterThan(0)
    // Deletes that nobody saw are told as such, with the last known state.
    expect(cli.changes.some((line) => line.type === 'delete' && line.finalStateUnknown === true)).toBe(true)
  })
})

async function settle(cli: Cli, churn: Churn): Promise<void> {
  const alive = new Set(churn.alive.map((life) => life.uid))
  await cli.waitFor('the last change', () => {
    const seen = [...cli.fold().values()].map((entry) => entry.uid)
    return seen.length === alive.size && seen.every((uid) => alive.has(uid))
  })
}

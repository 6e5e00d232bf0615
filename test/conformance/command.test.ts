import { beforeAll, expect, it } from 'vitest'
import type { KubeClient, KubeObject } from '../support/kube-client.ts'
import { Churn, keyOf } from './support/churn.ts'
import { Cli, runCommand } from './support/cli.ts'
import { describeCluster } from './support/cluster.ts'
import { checkLedger, expectFoldEqualsList } from './support/compare.ts'
import {
  createNamespace,
  createWidgetDefinition,
  grant,
  namespace,
  pod,
  podsPath,
  widget,
  widgetsPath,
} from './support/objects.ts'

describeCluster('the command line on a real server', {}, (cluster) => {
  let admin: KubeClient

  beforeAll(async () => {
    admin = await cluster().client()
    await createNamespace(admin)
    await createWidgetDefinition(admin)
  })

  it('syncs, follows, and ends with a summary', async () => {
    const churn = new Churn(admin, 'cli')
    for (let i = 0; i < 40; i++) await churn.step()
    const cli = new Cli(['watch', 'pods', '-A', '--kubeconfig', await cluster().kubeconfig()])
    try {
      await cli.waitFor('the initial list', () => cli.isSynced)
      const inList = churn.alive.length
      expect(cli.changes.filter((change) => change.type === 'add')).toHaveLength(inList)
      const before = churn.lives.filter((life) => life.deletedAtMs !== undefined)
      churn.lives.splice(0, churn.lives.length, ...churn.lives.filter((life) => !before.includes(life)))
      for (let i = 0; i < 100; i++) await churn.step()
      const list = await admin.list('/api/v1/pods')
      await cli.waitFor('the last change', () => {
        const fold = cli.fold()
        const isThere = (item: KubeObject): boolean =>
          fold.get(keyOf(item))?.resourceVersion === item.metadata.resourceVersion
        return fold.size === list.items.length && list.items.every(isThere)
      })
      expectFoldEqualsList(cli, list)
      const { mergedAway, problems } = checkLedger(churn, cli, [])
      expect(problems).toEqual([])
      expect(await cli.interrupt()).toBe(0)
      expect(mergedAway).toBeLessThanOrEqual(cli.summary?.merged ?? 0)
      expect(cli.summary).toMatchObject({ objects: list.items.length, relists: 0, refused: 0 })
    } finally {
      await cli.kill()
    }
  })

  it('watches a custom resource by name, with a label selector', async () => {
    for (const size of [1, 2, 3]) await admin.create(widgetsPath, widget(`cli-${size}`, size))
    const kubeconfig = await cluster().kubeconfig()
    const cli = new Cli([
      'watch',
      'widgets.example.com',
      '-A',
      '-l',
      'size in (1,3)',
      '--kubeconfig',
      kubeconfig,
    ])
    try {
      await cli.waitFor('the initial list', () => cli.isSynced)
      expect([...cli.fold().keys()].sort()).toEqual([`${namespace}/cli-1`, `${namespace}/cli-3`])
      await admin.delete(`${widgetsPath}/cli-3`)
      await cli.waitFor('the delete', () => cli.fold().size === 1)
      expect(await cli.interrupt()).toBe(0)
    } finally {
      await cli.kill()
    }
  })

  it('tells the limited user in one line what it may not do, and serves it where it may', async () => {
    const kubeconfig = await cluster().kubeconfig('limited')
    const refused = await runCommand(['watch', 'pods', '-A', '--until-synced', '--kubeconfig', kubeconfig])
    expect(refused.code).toBeGreaterThan(0)
    expect(refused.stdout).toBe('')
    const lines = refused.output.trim().split('\n')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/limited/)
    expect(lines[0]).toMatch(/pods/)
    expect(lines[0]).toMatch(/permission|forbidden/i)
    expect(refused.output).not.toContain(cluster().token('limited'))

    await grant(admin, 'limited', '', ['pods'], ['list', 'watch'], namespace)
    await admin.create(podsPath, pod('for-the-limited-user'))
    await expect
      .poll(
        async () =>
          (await runCommand(['watch', 'pods', '-n', namespace, '--until-synced', '--kubeconfig', kubeconfig]))
            .code,
        { timeout: 30_000 },
      )
      .toBe(0)
  })

  it('refuses a wrong certificate authority and an unknown resource with a hint', async () => {
    const url = cluster().replicas[0]?.url ?? ''
    const untrusted = await runCommand(['watch', 'pods', '--server', url, '--token', 'x', '--until-synced'])
    expect(untrusted.code).toBeGreaterThan(0)
    expect(untrusted.output.trim().split('\n')).toHaveLength(1)
    const kubeconfig = await cluster().kubeconfig()
    const unknown = await runCommand(['watch', 'gadgets.example.com', '--kubeconfig', kubeconfig])
    expect(unknown.code).toBeGreaterThan(0)
    expect(unknown.output).toMatch(/gadgets/)
    expect(unknown.output.trim().split('\n')).toHaveLength(1)
  })
})

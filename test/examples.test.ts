import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Command } from './cli/command.ts'
import { root } from './guards/source-tree.ts'

const folder = mkdtempSync(join(tmpdir(), 'examples-'))
const kubeconfig = join(folder, 'kubeconfig')
let server: Command

function example(name: string, ...args: readonly string[]): Command {
  return new Command(args, {}, join(root, 'examples', name))
}

function url(): string {
  return /http:\/\/\S+/.exec(server.stdout)?.[0] ?? ''
}

async function call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${url()}${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  return await response.json()
}

beforeAll(async () => {
  // Examples import the package as its users do: from dist.
  await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.build.json')])
  server = new Command(['serve', '--objects', '200', '--rate', '50', '--write-kubeconfig', kubeconfig])
  await server.waitFor('the URL', () => server.lines.length > 0)
}, 120_000)

afterAll(async () => {
  await server.interrupt()
  rmSync(folder, { recursive: true })
})

test('each says in its first line how to run it', () => {
  for (const name of readdirSync(join(root, 'examples'))) {
    const [line] = readFileSync(join(root, 'examples', name), 'utf8').split('\n')
    expect(line).toMatch(new RegExp(`^// npm run example -- examples/${name}( |$)`))
  }
})

describe('shared-informer', () => {
  test('tells changes, lists everything, and ends with a signal', async () => {
    const program = example('shared-informer.ts', '--server', url())
    await program.waitFor('its list', () => / pods$/m.test(program.stdout))
    await program.waitFor('a change', () => /^update \S+ \w+ -> \w+$/m.test(program.stdout))
    const { code, stderr, stdout } = await program.interrupt()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const count = Number(/^(\d+) pods$/m.exec(stdout)?.[1])
    expect(count).toBeGreaterThan(100)
    expect(stdout.match(/^listed \S+ on \S+$/gm)).toHaveLength(count)
    expect(stdout.match(/^add {4}\S+$/gm)?.length).toBeGreaterThanOrEqual(count)
  })

  test('takes a kubeconfig', async () => {
    const program = example('shared-informer.ts', '--kubeconfig', kubeconfig)
    await program.waitFor('its list', () => / pods$/m.test(program.stdout))
    expect((await program.interrupt('SIGTERM')).code).toBe(0)
  })
})

describe('pod-watcher', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('prints what happens until %s', async (signal) => {
    const program = example('pod-watcher.ts', '--kubeconfig', kubeconfig)
    for (const word of ['added', 'updated', 'deleted']) {
      await program.waitFor(word, () => program.lines.some((line) => line.startsWith(`${word} `)))
    }
    const { code, stdout, stderr } = await program.interrupt(signal)
    expect({ code, stderr, end: stdout.trimEnd().split('\n').at(-1) }).toEqual({
      code: 0,
      stderr: '',
      end: 'stopped',
    })
  })
})

describe('node-controller', () => {
  test('finds the pods of a tainted node by index, and follows the other resources', async () => {
    const { items } = (await call('GET', '/api/v1/pods?limit=1')) as {
      items: { spec: { nodeName: string } }[]
    }
    const node = items[0]?.spec.nodeName
    const taints = [{ key: 'out-of-service', effect: 'NoExecute' }]
    await call('POST', '/api/v1/nodes', { metadata: { name: node }, spec: { taints } })
    await call('POST', '/api/v1/namespaces', { metadata: { name: 'to-go' } })

    const program = example('node-controller.ts', '--server', url())
    await program.waitFor('its report', () => program.lines.some((line) => line.startsWith(`${node}: `)))
    await program.waitFor('an eviction', () => /^evict \S+ from /m.test(program.stdout))
    await call('POST', '/apis/apps/v1/namespaces/default/daemonsets', { metadata: { name: 'agent' } })
    await program.waitFor('the daemon set', () =>
      program.stdout.includes('daemon set default/agent: 0 ready'),
    )
    await call('DELETE', '/api/v1/namespaces/to-go')
    await program.waitFor('the namespace', () => /^namespace to-go is gone/m.test(program.stdout))
    const { code, stderr } = await program.interrupt()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})

describe('delete-everything', () => {
  test('prints the three keys whose deletion came back, sorted', async () => {
    expect(await example('delete-everything.ts').ended()).toEqual({
      code: 0,
      stdout: 'a-hello\nb-controller\nc-framework\n',
      stderr: '',
    })
  })
})

describe('job-informer', () => {
  test('looks at each job that comes, changes, goes', async () => {
    const spec = { completions: 3, template: { spec: { containers: [] } } }
    await call('POST', '/apis/batch/v1/namespaces/default/jobs', { metadata: { name: 'early' }, spec })
    const program = example('job-informer.ts', '--server', url())
    await program.waitFor('the listed job', () => program.lines.includes('default/early: 0 of 3 succeeded'))
    await call('POST', '/apis/batch/v1/namespaces/default/jobs', { metadata: { name: 'late' }, spec })
    await program.waitFor('the watched job', () => program.lines.includes('default/late: 0 of 3 succeeded'))
    await call('DELETE', '/apis/batch/v1/namespaces/default/jobs/late')
    await program.waitFor('its end', () => program.lines.includes('default/late is gone'))
    expect(await program.interrupt()).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('controller', () => {
  test('counts per node, tells probes and metrics, stops gracefully', async () => {
    const program = example('controller.ts', '--server', url(), '--port', '0')
    await program.waitFor('a count', () => /^ip-\S+: \d+ of \d+ pods are not running$/m.test(program.stdout))
    const port = /port: (\d+)/.exec(program.stdout)?.[1]
    const probe = async (path: string): Promise<Response> => await fetch(`http://127.0.0.1:${port}${path}`)
    expect((await probe('/readyz')).status).toBe(200)
    expect((await probe('/healthz')).status).toBe(200)
    const metrics = (await (await probe('/metrics')).json()) as { informers: { objects: number }[] }
    expect(metrics.informers[0]?.objects).toBeGreaterThan(100)
    const { code, stdout, stderr } = await program.interrupt('SIGTERM')
    expect({ code, stderr, end: stdout.trimEnd().split('\n').at(-1) }).toEqual({
      code: 0,
      stderr: '',
      end: 'stopped',
    })
  })
})

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node'
import { afterEach, expect, test } from 'vitest'
import { startChild } from '../support/child-process.ts'
import { TcpRelay } from '../support/tcp-relay.ts'
import { Command, mainPath, runCommand } from './command.ts'

const running: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop()
})

function start(line: string): Command {
  const command = new Command(line)
  running.push(() => command.child.stop('SIGKILL'))
  return command
}

async function serve(flags = '--objects 50'): Promise<{ url: string; command: Command }> {
  const command = start(`serve --port 0 ${flags}`)
  await command.waitFor('the URL', () => command.lines.length > 0)
  return { url: command.lines[0] as string, command }
}

function json(line: string | undefined): Record<string, unknown> {
  return JSON.parse(line ?? 'null') as Record<string, unknown>
}

const summaryFields = [
  ...['resource', 'objects', 'changes', 'syncMs', 'received', 'merged', 'delivered', 'lagMs', 'sliceMs'],
  ...['loopDelayMs', 'mainBusyMs', 'cpuMs', 'rssBytes', 'peakRssBytes', 'heapUsedBytes', 'relists'],
  ...['reconnects', 'handlerErrors', 'refused', 'threads', 'audit'],
]

test.each(['--threads 1', '--threads 0'])('the main job, %s: churn, audit, summary', async (threads) => {
  const { code, stdout, stderr } = await runCommand(
    `watch pods --embedded --objects 300 --rate 500 --duration 4s --read all -o json ${threads}`,
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const summary = json(stdout.trim().split('\n').at(-1))
  expect(Object.keys(summary)).toEqual(expect.arrayContaining(summaryFields))
  expect(summary).toMatchObject({
    resource: 'pods',
    relists: 0,
    reconnects: 0,
    handlerErrors: 0,
    refused: 0,
    audit: { ok: true, fold: true, missing: 0, extra: 0, different: 0, compared: summary['objects'] },
  })
  expect(summary['objects']).toBeGreaterThan(100)
  const changes = summary['changes'] as { add: number; update: number; delete: number }
  expect(changes.update).toBeGreaterThan(0)
  expect(changes.add - changes.delete).toBe(summary['objects'])
  expect(summary['delivered']).toBe(changes.add + changes.update + changes.delete)
  expect(summary['lagMs']).toMatchObject({ p50: expect.any(Number), p99: expect.any(Number) })
})

test('--until-synced ends by itself; text names the audit', async () => {
  const { code, stdout } = await runCommand('watch nodes --embedded --objects 20 --until-synced')
  expect(code).toBe(0)
  expect(stdout).toMatch(/synced {2,}in [\d.,]+ ms/)
  expect(stdout).toMatch(/audit +ok: true, compared: 20, missing: 0, extra: 0, different: 0,\s+fold: true/)
})

test('jsonl: the fold of its lines is what the server lists; Ctrl-C ends it with a summary and 0', async () => {
  const { url } = await serve('--objects 50 --rate 200')
  const watch = start(`watch pods --server ${url} -o jsonl`)
  await watch.waitFor('live changes', () => watch.lines.length > 300)
  await fetch(`${url}/embedded/stop-churn`, { method: 'POST' })
  const list = (await (await fetch(`${url}/api/v1/pods`)).json()) as {
    items: { metadata: { namespace: string; name: string; uid: string; resourceVersion: string } }[]
  }
  const expected = new Map(
    list.items.map(({ metadata: { namespace, name, uid, resourceVersion } }) => [
      `${namespace}/${name}`,
      `${uid} ${resourceVersion}`,
    ]),
  )
  const fold = () => {
    const objects = new Map<unknown, string>()
    for (const { type, key, uid, resourceVersion } of watch.lines.map(json)) {
      if (type === 'delete') objects.delete(key)
      else if (type === 'add' || type === 'update')
        objects.set(key, `${String(uid)} ${String(resourceVersion)}`)
    }
    return objects
  }
  await watch.waitFor('the last change', () => {
    const objects = fold()
    return objects.size === expected.size && [...expected].every(([key, value]) => objects.get(key) === value)
  })
  const { code, stderr } = await watch.interrupt()
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const lines = watch.lines.map(json)
  expect(lines.filter(({ type }) => type === 'synced')).toHaveLength(1)
  expect(lines.filter(({ type }) => type === 'state').map(({ state }) => state)).toContain('watching')
  expect(lines.at(-1)).toMatchObject({ type: 'summary', merged: expect.any(Number) })
})

test('changes: a line per change as kubectl prints it; SIGTERM too ends it well', async () => {
  const { url } = await serve('--objects 3 --rate 20')
  const watch = start(`watch pods --server ${url} -o changes`)
  await watch.waitFor('lines', () => watch.lines.length > 10)
  const { code, stderr } = await watch.interrupt('SIGTERM')
  expect(code).toBe(0)
  expect(watch.lines[0]).toMatch(/^EVENT +NAMESPACE +NAME +READY +STATUS +RESTARTS +AGE$/)
  for (const line of watch.lines.slice(1))
    expect(line).toMatch(/^(ADDED|MODIFIED|DELETED) +\S+ +\S+ +\d\/\d +\S+/)
  expect(stderr).toMatch(/delivered/)
})

test('a kubeconfig that serve wrote is enough', async () => {
  const file = `${process.env['TMPDIR'] ?? '/tmp'}/kube-informer-test-${process.pid}.yaml`
  const { command } = await serve(`--objects 5 --write-kubeconfig ${file}`)
  const ended = await runCommand(`watch pods --kubeconfig ${file} --until-synced -o json`)
  expect(ended.code).toBe(0)
  // received: the worker's last counters arrive, however short the run.
  expect(json(ended.stdout)).toMatchObject({ objects: 5, received: 5 })
  const byEnvironment = await runCommand('watch po --until-synced -o json', { KUBECONFIG: file })
  expect(json(byEnvironment.stdout)).toMatchObject({ objects: 5 })
  // client-node's own calls refuse plain HTTP unless the file says so.
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(file)
  const { items } = await kubeConfig.makeApiClient(CoreV1Api).listPodForAllNamespaces()
  expect(items.length).toBe(5)
  expect((await command.interrupt()).code).toBe(0)
})

test('a connection lost later is retried, and nothing of what happened meanwhile is missed', async () => {
  const { url } = await serve('--objects 5')
  const relay = new TcpRelay(Number(new URL(url).port))
  await relay.mend()
  running.push(() => relay.cut())
  const watch = start(`watch pods --server ${relay.url} -o jsonl`)
  await watch.waitFor('sync', () => watch.stdout.includes('"synced"'))
  await relay.cut()
  await watch.waitFor('the loss', () => watch.stdout.includes('ERR_CONNECTION'))
  const pod = { metadata: { name: 'made-meanwhile', namespace: 'default' }, spec: { containers: [] } }
  const created = await fetch(`${url}/api/v1/namespaces/default/pods`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(pod),
  })
  expect(created.status).toBe(201)
  await relay.mend()
  await watch.waitFor('the new pod', () => watch.stdout.includes('"key":"default/made-meanwhile"'))
  const { code, stderr } = await watch.interrupt()
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(json(watch.lines.at(-1))).toMatchObject({ type: 'summary', objects: 6, relists: 0 })
  expect(json(watch.lines.at(-1))['reconnects']).toBeGreaterThan(0)
})

test('a reader that goes away ends it', async () => {
  const { url } = await serve('--objects 5 --rate 100')
  const watch = start(`watch pods --server ${url} -o jsonl`)
  await watch.waitFor('a line', () => watch.lines.length > 0)
  watch.child.process.stdout?.destroy()
  expect(await watch.child.exited).toBe(0)
})

test('output that cannot be written: one line, and a failure', async () => {
  // Only Linux has a file that is always full.
  if (process.platform !== 'linux') return
  for (const line of ['watch pods --embedded --objects 5 -o jsonl', 'serve']) {
    const child = startChild('/bin/sh', ['-c', `exec ${process.execPath} ${mainPath} ${line} > /dev/full`])
    expect(await child.exited).toBe(1)
    expect(child.output()).toMatch(/(^|\n)error: output cannot be written: ENOSPC\n$/)
  }
})

test('out of time before the first list: the summary, and a failure', async () => {
  // Takes connections and never answers.
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  running.push(async () => {
    silent.closeAllConnections()
    await new Promise((resolve) => silent.close(resolve))
  })
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  const { code, stdout, stderr } = await runCommand(`watch pods --server ${url} --duration 500ms -o json`)
  expect(code).toBe(1)
  expect(stderr).toMatch(/^error: not synced within --duration 500ms \((?!stopped)\w+\)\n$/)
  expect(json(stdout)).toMatchObject({ syncMs: null, objects: 0 })
})

test.each<[string, string, number, RegExp]>([
  [
    'an unreachable server',
    'watch pods --server http://127.0.0.1:1',
    1,
    /ECONNREFUSED.*is the API server running/,
  ],
  [
    'a missing kubeconfig',
    'watch pods --kubeconfig /none',
    1,
    /kubeconfig \/none does not exist.*pass --kubeconfig FILE/,
  ],
  ['no configuration at all', 'watch pods', 1, /no kubeconfig found.*--embedded/],
  ['a resource the embedded server lacks', 'watch gadgets --embedded', 1, /no resource "gadgets"/],
  ['a bad selector', 'watch pods --embedded -l a==b==c', 2, /selectors look like/],
  ['a bad number', 'watch pods --embedded --objects many', 2, /'many' is not a whole number of objects/],
  [
    'too many threads',
    'watch pods --embedded --objects 1 --threads 1000',
    2,
    /--threads 1000 is refused: must be/,
  ],
  ['a bad server', 'watch pods --server nonsense', 2, /--server 'nonsense'.*not a URL.*https:\/\/host:6443/],
  ['another protocol', 'watch pods --server ftp://x', 2, /--server 'ftp:\/\/x': .*neither https/],
  ['a password in an address', 'watch pods --server http://me:pw@h', 2, /^(?!.*pw).*user or password/],
  [
    'a missing token file',
    'watch pods --server http://127.0.0.1:1 --token-file /none',
    2,
    /--token-file \/none cannot be read \(ENOENT\)/,
  ],
  ['small buffers', 'watch pods --embedded --objects 1 --buffer-bytes 0', 2, /--buffer-bytes 0 is refused/],
  [
    'no room for a kubeconfig',
    'serve --write-kubeconfig /none/kc',
    2,
    /--write-kubeconfig \/none\/kc cannot/,
  ],
  ['a namespace for nodes', 'watch nodes --embedded -n web', 2, /do not live in namespaces/],
  ['an unknown command', 'wach pods', 2, /unknown command/],
])('%s: one line, a hint, exit code', async (_name, line, exitCode, message) => {
  const { code, stdout, stderr } = await runCommand(line)
  expect(stderr).toMatch(/^[^\n]+\n$/)
  expect(stderr).toMatch(message)
  expect(stderr).not.toMatch(/\n\s+at /)
  expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' })
})

test('a port in use: one line', async () => {
  const { url } = await serve()
  const { port } = new URL(url)
  const ended = await runCommand(`serve --port ${port}`)
  expect(ended).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^error: --port \d+ is in use/),
  })
})

test.each(['help', '--help', 'help watch', '--version'])('%s', async (line) => {
  const { code, stdout, stderr } = await runCommand(line)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(line === '--version' ? /^\d+\.\d+\.\d+\n$/ : /^Usage: kube-informer/)
})

test('custom resources are found by discovery; an unknown name gets a hint', async () => {
  const { url } = await serve('--resource widgets --objects 5')
  for (const name of ['widgets', 'widgets.example.com', 'Widget', 'widgets.v1.example.com']) {
    const { code, stdout } = await runCommand(`watch ${name} --server ${url} --until-synced -o json`)
    expect(code).toBe(0)
    expect(json(stdout)).toMatchObject({ resource: 'example.com/v1/widgets', objects: 5 })
  }
  const unknown = await runCommand(`watch gadgets --server ${url}`)
  expect(unknown).toMatchObject({ code: 1, stdout: '' })
  expect(unknown.stderr).toMatch(
    /^error: no resource "gadgets" in this API server.*kubectl api-resources.*\n$/,
  )
})

test.each<[number, string, RegExp]>([
  [401, 'Unauthorized', /credentials are missing, wrong or expired/],
  [
    403,
    'pods is forbidden: User "x" cannot list',
    /pods is forbidden: User "x".*needs the verbs list and watch/,
  ],
  [404, 'the server could not find the requested resource', /kubectl api-resources/],
])('a server that answers %i: one line', async (status, text, message) => {
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ kind: 'Status', status: 'Failure', message: text, code: status }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  running.push(() => new Promise((resolve) => server.close(resolve)))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { code, stdout, stderr } = await runCommand(`watch pods --server ${url} --token s3cr3t`)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^[^\n]+\n$/)
  expect(stderr).toMatch(message)
  expect(stderr).not.toContain('s3cr3t')
})

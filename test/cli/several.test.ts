import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { type RunningServer, startEmbeddedServer } from '../../src/testing/index.ts'

let cluster: RunningServer
beforeAll(async () => {
  cluster = await startEmbeddedServer({ resource: 'pods', objects: 7 })
})
afterAll(() => cluster.close())

const running: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of running.splice(0)) await stop()
})

/** The cluster, but for requests whose path names one of these: 403. */
async function forbidding(...resources: readonly string[]): Promise<string> {
  const server = createServer((incoming, answer) => {
    const path = incoming.url ?? ''
    if (resources.some((resource) => path.includes(`/${resource}`))) {
      answer.writeHead(403, { 'content-type': 'application/json' })
      answer.end(JSON.stringify({ kind: 'Status', status: 'Failure', message: 'not for you', code: 403 }))
      return
    }
    const { method, headers } = incoming
    const onward = request(new URL(path, cluster.url), { method, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 500, response.headers)
      response.pipe(answer)
    })
    answer.on('close', () => onward.destroy())
    onward.on('error', () => answer.destroy()).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  running.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** In this process: a command of its own takes seconds to start. */
async function command(line: string) {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const streams = { stdout, stderr, terminal: 'stdout is no terminal' }
  const code = await run([...line.split(' '), '--threads', '0'], streams, new AbortController().signal)
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') }
}

const json = (text: string) => JSON.parse(text) as Record<string, unknown>

test('one factory, one summary: totals and each resource; equal names are one; -n leaves nodes whole', async () => {
  const { code, stdout, stderr } = await command(
    `watch po,nodes pods,deployments -n web --server ${cluster.url} --until-synced -o json`,
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const summary = json(stdout)
  const resources = summary['resources'] as readonly { resource: string; objects: number; syncMs: number }[]
  expect(resources.map(({ resource }) => resource)).toEqual(['pods', 'nodes', 'apps/v1/deployments'])
  expect(summary).toMatchObject({
    resource: 'pods,nodes,apps/v1/deployments',
    objects: resources.reduce((sum, { objects }) => sum + objects, 0),
    syncMs: Math.max(...resources.map(({ syncMs }) => syncMs)),
  })
})

test('one that is refused is named; the others are watched, and decide the exit code', async () => {
  const url = await forbidding('nodes')
  const { code, stdout, stderr } = await command(`watch nodes,pods --server ${url} --duration 2s -o json`)
  expect(code).toBe(0)
  const [first, ...others] = stderr.trim().split('\n')
  expect(first).toMatch(/^nodes forbidden: ERR_FORBIDDEN: .*not for you/)
  expect(others).toEqual([
    expect.stringMatching(/^note: nodes not synced within --duration 2000ms \(forbidden: .*not for you/),
  ])
  expect(json(stdout)).toMatchObject({
    syncMs: null,
    objects: 7,
    resources: [
      { resource: 'nodes', objects: 0, syncMs: null, error: expect.stringContaining('not for you') },
      { resource: 'pods', objects: 7, syncMs: expect.any(Number) },
    ],
  })
})

test('--until-synced waits for all that can be watched, and fails for the others', async () => {
  const url = await forbidding('nodes')
  const { code, stdout, stderr } = await command(`watch pods nodes --server ${url} --until-synced -o json`)
  expect(code).toBe(1)
  expect(stderr).toMatch(/error: nodes not synced \(forbidden: .*not for you.*\)\n$/)
  expect(json(stdout)).toMatchObject({ objects: 7 })
})

test('none can be watched: one line', async () => {
  const url = await forbidding('nodes', 'pods')
  const { code, stdout, stderr } = await command(`watch nodes,pods --server ${url}`)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^error: .*not for you.*needs the verbs list and watch.*\n$/)
})

test.each<[string, string, RegExp]>([
  [
    'a live view without a terminal',
    'watch pods --embedded -o live',
    /--output live needs a terminal, but stdout/,
  ],
  [
    'a namespace where nothing has one',
    'watch nodes,pv --embedded -n web',
    /nodes, persistentvolumes do not/,
  ],
])('%s: one line, exit code 2', async (_name, line, message) => {
  const { code, stdout, stderr } = await command(line)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/^usage: .*\n$/)
  expect(stderr).toMatch(message)
})

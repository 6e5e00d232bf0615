import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { afterAll, describe, expect, test } from 'vitest'
import { nodeRuntime } from '../../src/base/runtime.ts'
import { createCredentialsBroker } from '../../src/config/connection-config.ts'
import { nodeEnvironment } from '../../src/config/environment.ts'
import { execConfig } from '../../src/config/exec-config.ts'
import { runExecPlugin } from '../../src/config/exec-plugin.ts'
import { testCertificate } from '../support/test-certificate.ts'
import { until } from '../support/until.ts'
import { fakeRuntime, kubeconfig, secret } from './support.ts'

const directory = mkdtempSync(join(tmpdir(), 'exec-plugin-'))
afterAll(() => rmSync(directory, { recursive: true }))

const v1 = 'client.authentication.k8s.io/v1'

function answer(status: object, more: object = {}): string {
  return JSON.stringify({ apiVersion: v1, kind: 'ExecCredential', status, ...more })
}

/** Runs a shell script as a plugin. */
function run(
  script: string,
  exec: Record<string, unknown> = {},
  options: { readonly timeLimitMs?: number; readonly signal?: AbortSignal } = {},
) {
  const raw = { apiVersion: v1, command: 'sh', args: ['-c', script], ...exec }
  return runExecPlugin({
    config: execConfig(raw, 'kc'),
    cluster: { server: 'https://api', tls: { ca: 'CA', servername: 'name' }, config: { audience: 'x' } },
    where: 'kc',
    environment: nodeEnvironment,
    runtime: nodeRuntime,
    ...options,
  })
}

const prints = (text: string): string => `cat <<'END'\n${text}\nEND`

describe('one run', () => {
  test('token, certificate and end', async () => {
    const { cert, key } = testCertificate
    const status = {
      token: ` ${secret}\n`,
      clientCertificateData: cert,
      clientKeyData: key,
      expirationTimestamp: '2030-01-01T00:00:00Z',
    }
    const expiresAtMs = Date.UTC(2030, 0, 1)
    expect(await run(prints(answer(status)))).toEqual({
      value: { token: secret, cert, key, expiresAtMs },
      expiresAtMs,
    })
  })

  test('what the plugin is told: its variables, ours, the cluster when it asks for it; no stdin', async () => {
    const file = join(directory, 'told')
    const script = `cat > ${file}; printf '%s\\n' "$MINE $HOME" "$KUBERNETES_EXEC_INFO" >> ${file}; ${prints(answer({ token: 't' }))}`
    await run(script, { env: [{ name: 'MINE', value: 'yes' }], provideClusterInfo: true })
    const [first, info] = readFileSync(file, 'utf8').split('\n')
    expect(first).toBe(`yes ${process.env['HOME'] ?? ''}`)
    expect(JSON.parse(info as string)).toEqual({
      apiVersion: v1,
      kind: 'ExecCredential',
      spec: {
        interactive: false,
        cluster: {
          server: 'https://api',
          'tls-server-name': 'name',
          'certificate-authority-data': Buffer.from('CA').toString('base64'),
          config: { audience: 'x' },
        },
      },
    })
    await run(script)
    const plain = JSON.parse(readFileSync(file, 'utf8').split('\n')[1] as string) as { spec: object }
    expect(plain.spec).toEqual({ interactive: false })
  })

  test.each<[string, string, RegExp]>([
    ['no JSON', `echo ${secret}`, /did not print an ExecCredential as JSON$/],
    ['nothing', 'true', /did not print an ExecCredential as JSON$/],
    ['another kind', prints('{"kind":"Secret"}'), /did not print an ExecCredential as JSON$/],
    [
      'another version',
      prints(answer({ token: secret }, { apiVersion: `${v1}beta1` })),
      /answered with another apiVersion than client.authentication.k8s.io\/v1, which its kubeconfig names$/,
    ],
    ['an empty status', prints(answer({ token: '' })), /gave neither a token nor a client certificate$/],
    ['half a certificate', prints(answer({ clientKeyData: secret })), /gave half a client certificate/],
    [
      'a key of another certificate',
      prints(answer({ clientKeyData: 'x', clientCertificateData: secret })),
      /client certificate that cannot be used: certificate or key is not PEM/,
    ],
    [
      'a token of two lines',
      prints(answer({ token: `${secret}\nb` })),
      /gave a token that no header can hold$/,
    ],
    [
      'an end that is no time',
      prints(answer({ token: secret, expirationTimestamp: 'soon' })),
      /gave an expirationTimestamp that is no time$/,
    ],
    [
      'an end that is a number',
      prints(answer({ token: secret, expirationTimestamp: 5 })),
      /gave an expirationTimestamp that is no time$/,
    ],
    [
      'a failure',
      `echo 'login first ${'x'.repeat(30)}' >&2; exit 3`,
      /failed: it ended with code 3: login first …$/,
    ],
    ['a signal', 'kill -9 $$', /failed: it was ended by SIGKILL$/],
    ['too much', 'yes', /printed more than 1048576 bytes$/],
  ])('%s is one clear error that quotes no answer', async (_name, script, message) => {
    const error: unknown = await run(script).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'ERR_CREDENTIALS',
      message: expect.stringMatching(/^kc: its credential plugin "sh" /),
    })
    expect(error).toMatchObject({ message: expect.stringMatching(message) })
    expect(JSON.stringify(error) + String(error)).not.toContain(secret)
  })

  test('what the kubeconfig gave in confidence is not shown, short as it may be', async () => {
    const script = 'echo "no $TOKEN with $1 $2 $3" >&2; exit 1'
    const given = {
      args: ['-c', script, 'sh', '--client-secret=hunter2', '--password', 'hunter3'],
      env: [{ name: 'TOKEN', value: 'hunter1' }],
    }
    await expect(run('', given)).rejects.toThrow(
      /no \[redacted\] with --client-secret=\[redacted\] --password \[redacted\]$/,
    )
  })

  test('much on stderr is read and dropped', async () => {
    const script = `head -c 300000 /dev/zero >&2; ${prints(answer({ token: 't' }))}`
    expect((await run(script)).value.token).toBe('t')
  })

  test('one that hangs is ended in time, also when it does not listen or left a child with its pipes', async () => {
    const limit = { timeLimitMs: 100 }
    const late = /did not answer within 0.1 s$/
    await expect(run('exec sleep 600', {}, limit)).rejects.toThrow(late)
    const file = join(directory, 'pid')
    const deaf = `trap '' TERM; echo $$ > ${file}; while :; do sleep 0.05; done`
    await expect(run(deaf, {}, { timeLimitMs: 500 })).rejects.toThrow(/within 0.5 s$/)
    const pid = Number(readFileSync(file, 'utf8'))
    await until(() => !isAlive(pid), 'the plugin is gone')
  })

  test('what it left behind may hold its pipes: its answer counts when it has ended', async () => {
    const pid = join(directory, 'left')
    expect((await run(`sleep 600 & echo $! > ${pid}; ${prints(answer({ token: 'u' }))}`)).value.token).toBe(
      'u',
    )
    process.kill(Number(readFileSync(pid, 'utf8')))
  })

  test('closing ends it', async () => {
    const closing = new AbortController()
    const running = run('exec sleep 600', {}, { signal: closing.signal })
    closing.abort()
    await expect(running).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(run('true', {}, { signal: closing.signal })).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })

  test('one that is not there: the hint of the kubeconfig says how to get it', async () => {
    const given = { command: 'no-such-plugin-here', installHint: 'Get it\nfrom https://example.com\n' }
    await expect(run('', given)).rejects.toThrow(
      /"no-such-plugin-here" is not installed. Get it from https:\/\/example.com$/,
    )
    await expect(run('', { command: directory })).rejects.toThrow(/cannot be run \(EACCES\)$/)
    await expect(run('', { command: 'a\0b' })).rejects.toThrow(/cannot be run \(ERR_INVALID_ARG_VALUE\)$/)
  })

  test.each([
    [
      { apiVersion: 'client.authentication.k8s.io/v1alpha1' },
      /has apiVersion .*v1alpha1: .*v1 and .*v1beta1 are/,
    ],
    [{ apiVersion: undefined }, /has no apiVersion/],
    [{ interactiveMode: 'Always' }, /wants a terminal \(interactiveMode: Always\)/],
    [{ command: '' }, /has no command/],
    [{ args: 'a' }, /has args that are no list/],
    [{ env: [null] }, /has env without names/],
  ])('cannot be run here: %j', (given, message) => {
    const raw = { apiVersion: v1, command: 'sh', ...given }
    expect(() => execConfig(raw, 'kc')).toThrow(
      expect.objectContaining({ code: 'ERR_KUBECONFIG', message: expect.stringMatching(message) }),
    )
  })
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('of a kubeconfig', () => {
  const runs = join(directory, 'runs')
  const plugin = join(directory, 'plugin.sh')
  writeFileSync(plugin, `#!/bin/sh\necho run >> ${runs}\n${prints(answer({ token: 'from-plugin' }))}\n`, {
    mode: 0o755,
  })
  const count = (): number => readFileSync(runs, 'utf8').trim().split('\n').length
  const user = `exec: {apiVersion: ${v1}, command: ./plugin.sh}`

  test('beside the file; kept while the file says the same, run again after a 401', async () => {
    writeFileSync(runs, '')
    const file = join(directory, 'kc')
    writeFileSync(file, kubeconfig({ user }))
    const runtime = fakeRuntime()
    const broker = createCredentialsBroker({ file }, runtime)
    const all = await Promise.all(Array.from({ length: 50 }, () => broker.material()))
    expect(all[0]?.headers['authorization']).toBe('Bearer from-plugin')
    runtime.now += 3_600_000
    expect(await broker.material()).toBe(all[0])
    expect(count()).toBe(1)
    await Promise.all(Array.from({ length: 50 }, () => broker.refresh()))
    expect(count()).toBe(2)
    // Another user in the same file: nothing of the plugin's is left.
    writeFileSync(file, kubeconfig({ user: 'token: other' }))
    runtime.now += 60_000
    expect((await broker.material()).headers['authorization']).toBe('Bearer other')
  })

  test('beside a file that is named without its folder', async () => {
    const before = process.cwd()
    process.chdir(directory)
    try {
      writeFileSync('kc-here', kubeconfig({ user }))
      const material = await createCredentialsBroker({ file: 'kc-here' }, fakeRuntime()).material()
      expect(material.headers['authorization']).toBe('Bearer from-plugin')
    } finally {
      process.chdir(before)
    }
  })

  test('an answer with an end is renewed ahead of it', async () => {
    writeFileSync(runs, '')
    const runtime = fakeRuntime()
    const expirationTimestamp = new Date(runtime.now + 3_600_000).toISOString()
    const script = `echo run >> ${runs}; ${prints(answer({ token: 't', expirationTimestamp }))}`
    const config = new KubeConfig()
    const exec = { apiVersion: v1, command: 'sh', args: ['-c', script] }
    config.loadFromClusterAndUser(
      { name: 'c', server: 'https://c', skipTLSVerify: true },
      { name: 'u', exec },
    )
    const broker = createCredentialsBroker(config, runtime)
    await broker.material()
    runtime.now += 3_539_000
    await broker.material()
    expect(count()).toBe(1)
    runtime.now += 1_000
    await broker.material()
    expect(count()).toBe(2)
  })

  test('a KubeConfig handed in: its own plugin is not run, and its cache stays empty', async () => {
    writeFileSync(runs, '')
    const config = new KubeConfig()
    config.loadFromString(kubeconfig({ user: user.replace('./plugin.sh', plugin) }))
    const before = JSON.stringify(config)
    const broker = createCredentialsBroker(config)
    expect((await broker.material()).headers['authorization']).toBe('Bearer from-plugin')
    expect((await broker.refresh()).headers['authorization']).toBe('Bearer from-plugin')
    expect(count()).toBe(2)
    expect(JSON.stringify(config)).toBe(before)
    expect(config).toMatchObject({ agentCache: new Map() })
  })

  test('closing the broker ends a plugin that runs', async () => {
    const config = new KubeConfig()
    config.loadFromString(kubeconfig({ user: `exec: {apiVersion: ${v1}, command: sleep, args: ["600"]}` }))
    const broker = createCredentialsBroker(config)
    const asked = broker.material().catch((error: unknown) => error)
    await broker.close()
    expect(await asked).toMatchObject({ code: 'ERR_CLOSED' })
    await expect(broker.material()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})

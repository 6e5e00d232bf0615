import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, freePort, startChild } from './child-process.ts'
import { compactEtcd, moveEtcdRevision } from './etcd-client.ts'
import { buildGo, repositoryDir } from './go-build.ts'
import { KubeClient } from './kube-client.ts'
import { until } from './until.ts'

export const kubernetesVersion = 'v1.36.3'

/** Builds kube-apiserver and etcd once (minutes); returns the folder of the binaries. */
export function buildApiServer(log: (line: string) => void): Promise<string> {
  const version = 'k8s.io/component-base/version'
  const [major, minor] = kubernetesVersion.slice(1).split('.')
  const ldflags = [`gitVersion=${kubernetesVersion}`, `gitMajor=${major}`, `gitMinor=${minor}`]
  return buildGo(
    join(repositoryDir, 'test/conformance/tools'),
    'conformance',
    [
      { package: 'go.etcd.io/etcd/server/v3', binary: 'etcd' },
      {
        package: 'k8s.io/kubernetes/cmd/kube-apiserver',
        binary: 'kube-apiserver',
        ldflags: ldflags.map((value) => `-X ${version}.${value}`).join(' '),
      },
    ],
    log,
  )
}

export interface RealApiServerOptions {
  readonly replicas?: number
  /** As `--feature-gates` takes them. */
  readonly featureGates?: string
  /** As `--runtime-config` takes it: `api/all=true` serves alpha and beta versions, too. */
  readonly runtimeConfig?: string
}

export type User = 'admin' | 'limited'

/** One kube-apiserver process: it can be stopped and started again on its port while etcd and its peers run on. */
export interface Replica {
  readonly url: string
  /** `featureGates`: others than at the start before. */
  start(featureGates?: string): Promise<void>
  stop(signal?: NodeJS.Signals): Promise<void>
  /** The server's last output, for messages. */
  output(): string
}

/**
 * etcd and `replicas` kube-apiservers on loopback ports, with certificates and tokens made for this run.
 *
 * More than one replica lets a test change objects while the server that is being watched is down.
 * `admin` is in system:masters; `limited` has no permission until a test grants it one.
 */
export class RealApiServer {
  readonly #dir: string
  readonly #etcd: Child
  readonly #etcdUrl: string
  readonly #tokens: Readonly<Record<User, string>>
  readonly #clients: KubeClient[] = []
  readonly replicas: readonly Replica[]

  private constructor(
    dir: string,
    [etcd, etcdUrl]: readonly [Child, string],
    replicas: readonly Replica[],
    tokens: Record<User, string>,
  ) {
    this.#dir = dir
    this.#etcd = etcd
    this.#etcdUrl = etcdUrl
    this.replicas = replicas
    this.#tokens = tokens
  }

  static async start(binaryDir: string, options: RealApiServerOptions = {}): Promise<RealApiServer> {
    const dir = await mkdtemp(join(tmpdir(), 'kube-informer-apiserver-'))
    const tokens = { admin: randomBytes(24).toString('hex'), limited: randomBytes(24).toString('hex') }
    await writeFile(
      join(dir, 'tokens.csv'),
      `${tokens.admin},admin,admin,"system:masters"\n${tokens.limited},limited,limited,"limited-users"\n`,
      { mode: 0o600 },
    )
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    await writeFile(join(dir, 'sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    await mkdir(join(dir, 'certs'))
    const etcd = await startEtcd(binaryDir, dir)
    const [, etcdUrl] = etcd
    const replicas: Replica[] = []
    for (let i = 0; i < (options.replicas ?? 1); i++) {
      const replica = makeReplica(binaryDir, dir, etcdUrl, await freePort(), tokens.admin, options)
      replicas.push(replica)
    }
    const server = new RealApiServer(dir, etcd, replicas, tokens)
    try {
      // One after another: the first one writes the serving certificate that all share.
      for (const replica of replicas) await replica.start()
    } catch (error) {
      await server.close()
      throw error
    }
    return server
  }

  async ca(): Promise<string> {
    return await readFile(join(this.#dir, 'certs/apiserver.crt'), 'utf8')
  }

  token(user: User): string {
    return this.#tokens[user]
  }

  async client(user: User = 'admin', replica = 0): Promise<KubeClient> {
    const client = new KubeClient(this.#replica(replica).url, this.#tokens[user], await this.ca())
    this.#clients.push(client)
    return client
  }

  /** Writes a kubeconfig and returns its path. */
  async kubeconfig(user: User = 'admin', replica = 0): Promise<string> {
    const file = join(this.#dir, `kubeconfig-${user}-${replica}.json`)
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'conformance',
          cluster: {
            server: this.#replica(replica).url,
            'certificate-authority-data': Buffer.from(await this.ca()).toString('base64'),
          },
        },
      ],
      users: [{ name: user, user: { token: this.#tokens[user] } }],
      contexts: [{ name: user, context: { cluster: 'conformance', user, namespace: 'default' } }],
      'current-context': user,
    }
    // JSON is YAML.
    await writeFile(file, JSON.stringify(config, undefined, 2), { mode: 0o600 })
    return file
  }

  /** Writes to etcd what is no API server's business: its revision, and with it every resource version, moves on. */
  async moveRevision(): Promise<void> {
    await moveEtcdRevision(this.#etcdUrl)
  }

  /** Storage forgets everything before now; the API servers' caches do not. */
  async compact(): Promise<void> {
    await compactEtcd(this.#etcdUrl)
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()))
    // SIGKILL: nothing of this run is kept, and a graceful end waits for open watches.
    await Promise.all(this.replicas.map((replica) => replica.stop('SIGKILL')))
    await this.#etcd.stop('SIGKILL')
    await rm(this.#dir, { recursive: true, force: true })
  }

  #replica(index: number): Replica {
    const replica = this.replicas[index]
    if (replica === undefined) throw new Error(`no replica ${index}`)
    return replica
  }
}

async function startEtcd(binaryDir: string, dir: string): Promise<[Child, string]> {
  const [clientUrl, peerUrl] = [
    `http://127.0.0.1:${await freePort()}`,
    `http://127.0.0.1:${await freePort()}`,
  ]
  const etcd = startChild(join(binaryDir, 'etcd'), [
    `--data-dir=${join(dir, 'etcd')}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ])
  await until(
    async () => {
      if (etcd.process.exitCode !== null) throw new Error(`etcd ended:\n${etcd.output()}`)
      return (await fetch(`${clientUrl}/health`)).ok
    },
    'etcd is healthy',
    30_000,
  )
  return [etcd, clientUrl]
}

function makeReplica(
  binaryDir: string,
  dir: string,
  etcdUrl: string,
  port: number,
  adminToken: string,
  { featureGates, runtimeConfig }: RealApiServerOptions,
): Replica {
  const url = `https://127.0.0.1:${port}`
  let child: Child | undefined
  let gates = featureGates
  const args = [
    `--etcd-servers=${etcdUrl}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    `--secure-port=${port}`,
    `--cert-dir=${join(dir, 'certs')}`,
    `--token-auth-file=${join(dir, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--disable-admission-plugins=ServiceAccount',
    `--service-account-key-file=${join(dir, 'sa.key')}`,
    `--service-account-signing-key-file=${join(dir, 'sa.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    '--service-cluster-ip-range=10.0.0.0/24',
    // Without it a graceful stop waits for open watches instead of ending them.
    '--shutdown-watch-termination-grace-period=2s',
    ...(runtimeConfig === undefined ? [] : [`--runtime-config=${runtimeConfig}`]),
  ]
  return {
    url,
    output: () => child?.output() ?? '',
    async start(otherGates = gates) {
      gates = otherGates
      const flags = gates === undefined ? [] : [`--feature-gates=${gates}`]
      const started = startChild(join(binaryDir, 'kube-apiserver'), [...args, ...flags])
      child = started
      const certificate = join(dir, 'certs/apiserver.crt')
      await until(
        async () => {
          if (started.process.exitCode !== null) {
            throw new Error(`kube-apiserver ended:\n${started.output().slice(-4000)}`)
          }
          const client = new KubeClient(url, adminToken, await readFile(certificate, 'utf8'))
          try {
            return (await client.request('GET', '/readyz')).status === 200
          } finally {
            await client.close()
          }
        },
        'kube-apiserver is ready',
        90_000,
      )
    },
    async stop(signal = 'SIGTERM') {
      // Other requests may keep a graceful stop for up to a minute; nobody who stops a server for good waits that long.
      await child?.stop(signal, 8_000)
    },
  }
}

import { KubeInformerError } from '../errors.ts'
import type { ConnectionMaterial } from '../protocol/messages.ts'
import { isRecord } from './json-value.ts'

const groupName = 'client.authentication.k8s.io'
const apiVersions = [`${groupName}/v1`, `${groupName}/v1beta1`]

/** A user's `exec` of a kubeconfig, checked. */
export interface ExecConfig {
  readonly apiVersion: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly installHint?: string
  readonly providesClusterInfo: boolean
}

/** @throws ERR_KUBECONFIG for what cannot be run here */
export function execConfig(raw: unknown, where: string): ExecConfig {
  const exec = isRecord(raw) ? raw : {}
  const { command, apiVersion, args = [], env = [], installHint } = exec
  if (typeof command !== 'string' || command === '') throw refused(where, 'has no command')
  if (typeof apiVersion !== 'string' || !apiVersions.includes(apiVersion)) {
    const given = typeof apiVersion === 'string' ? `apiVersion ${apiVersion.slice(0, 80)}` : 'no apiVersion'
    throw refused(where, `has ${given}: ${apiVersions.join(' and ')} are supported`)
  }
  if (exec['interactiveMode'] === 'Always') {
    throw refused(where, 'wants a terminal (interactiveMode: Always), and a library has none to give')
  }
  return {
    apiVersion,
    command,
    args: listOf(args, where, 'args').map(String),
    env: Object.fromEntries(
      listOf(env, where, 'env').map((each) => {
        if (!isRecord(each) || typeof each['name'] !== 'string') throw refused(where, 'has env without names')
        return [each['name'], String(each['value'] ?? '')]
      }),
    ),
    ...(typeof installHint === 'string' && installHint !== '' && { installHint }),
    providesClusterInfo: exec['provideClusterInfo'] === true,
  }
}

/** What a plugin is told of the cluster when it asks for it (provideClusterInfo). */
export interface ExecCluster {
  readonly server: string
  readonly tls: ConnectionMaterial['tls']
  readonly proxyUrl?: string | undefined
  /** Of the cluster's extension `client.authentication.k8s.io/exec`: for the plugin alone. */
  readonly config?: unknown
}

/** The value of KUBERNETES_EXEC_INFO. */
export function execInfo(
  config: ExecConfig,
  { server, tls, proxyUrl, config: extension }: ExecCluster,
): string {
  const cluster = {
    server,
    'tls-server-name': tls?.servername,
    'insecure-skip-tls-verify': tls?.rejectUnauthorized === false ? true : undefined,
    'certificate-authority-data': tls?.ca === undefined ? undefined : Buffer.from(tls.ca).toString('base64'),
    'proxy-url': proxyUrl,
    config: extension ?? null,
  }
  return JSON.stringify({
    apiVersion: config.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...(config.providesClusterInfo && { cluster }) },
  })
}

function listOf(value: unknown, where: string, name: string): readonly unknown[] {
  if (value === null) return []
  if (!Array.isArray(value)) throw refused(where, `has ${name} that are no list`)
  return value
}

function refused(where: string, why: string): KubeInformerError {
  return new KubeInformerError('ERR_KUBECONFIG', `${where}: its credential plugin ${why}`)
}

import type { Runtime } from '../base/runtime.ts'
import { KubeInformerError } from '../errors.ts'
import type { Environment } from './environment.ts'
import { type ExecCluster, type ExecConfig, execInfo } from './exec-config.ts'
import { type ExecCredential, parseExecCredential } from './exec-credential.ts'
import { type PluginOutcome, runPlugin, stdoutBytesMax } from './plugin-run.ts'
import { pluginWords } from './plugin-words.ts'
import type { Renewed } from './renewal.ts'

/** Below the 60 s that a watch waits for fresh credentials: its error is to say that the plugin was slow. */
export const pluginMsMax = 50_000

export interface ExecPluginOptions {
  readonly config: ExecConfig
  readonly cluster: ExecCluster
  /** For messages. */
  readonly where: string
  readonly environment: Environment
  readonly runtime: Runtime
  readonly signal?: AbortSignal | undefined
  /** @default {@link pluginMsMax} */
  readonly timeLimitMs?: number | undefined
}

/** Runs the plugin once. @throws ERR_CREDENTIALS, ERR_CLOSED; nothing that it printed stands there unredacted */
export async function runExecPlugin(options: ExecPluginOptions): Promise<Renewed<ExecCredential>> {
  const { config, cluster, environment, runtime, signal, timeLimitMs = pluginMsMax } = options
  const outcome = await runPlugin({
    command: config.command,
    args: config.args,
    env: { ...environment.variables, ...config.env, KUBERNETES_EXEC_INFO: execInfo(config, cluster) },
    timeLimitMs,
    runtime,
    signal,
  })
  if (outcome.type !== 'answer') throw failure(options, outcome, timeLimitMs)
  const credential = parseExecCredential(outcome.text, config.apiVersion, (why) => error(options, why))
  return { value: credential, expiresAtMs: credential.expiresAtMs }
}

function failure(
  options: ExecPluginOptions,
  outcome: Exclude<PluginOutcome, { type: 'answer' }>,
  timeLimitMs: number,
): KubeInformerError {
  const { installHint } = options.config
  switch (outcome.type) {
    case 'aborted':
      return new KubeInformerError('ERR_CLOSED', 'closed while a credential plugin ran')
    case 'late':
      return error(options, `did not answer within ${timeLimitMs / 1000} s`)
    case 'too-long':
      return error(options, `printed more than ${stdoutBytesMax} bytes`)
    case 'not-started': {
      if (outcome.code !== 'ENOENT') return error(options, `cannot be run (${outcome.code})`)
      return error(options, `is not installed${installHint === undefined ? '' : `. ${hint(installHint)}`}`)
    }
    case 'failed': {
      const said = pluginWords(outcome.said, secretsOf(options.config))
      return error(options, `failed: it ${outcome.how}${said && `: ${said}`}`)
    }
    default:
      return outcome satisfies never
  }
}

function error({ where, config }: ExecPluginOptions, why: string): KubeInformerError {
  return new KubeInformerError(
    'ERR_CREDENTIALS',
    `${where}: its credential plugin "${config.command}" ${why}`,
  )
}

/** As kubectl shows it: several lines, on one. */
function hint(text: string): string {
  return text.trim().replace(/\s+/g, ' ').slice(0, 500)
}

/** What the kubeconfig gives the plugin in confidence: it may say it in its usage text. */
function secretsOf({ env, args }: ExecConfig): readonly string[] {
  const isSecret = /secret|token|password|passwd|credential|key/i
  const fromEnv = Object.entries(env).flatMap(([name, value]) => (isSecret.test(name) ? [value] : []))
  const fromArgs = args.flatMap((arg, index) => {
    const [, flag = '', value] = /^(--?[^=]+)=(.*)$/s.exec(arg) ?? []
    if (value !== undefined) return isSecret.test(flag) ? [value] : []
    const before = args[index - 1] ?? ''
    return /^--?[^=]+$/.test(before) && isSecret.test(before) ? [arg] : []
  })
  return [...fromEnv, ...fromArgs]
}

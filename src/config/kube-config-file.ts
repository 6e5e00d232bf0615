import { delimiter, dirname, join, resolve } from 'node:path'
import { KubeInformerError } from '../errors.ts'
import { type Environment, systemCode } from './environment.ts'
import { addExtras } from './kube-config-extras.ts'
import type { KubeConfigLike } from './kube-config-like.ts'

/** A kubeconfig file, or the default ones, and which of its contexts. */
export interface KubeConfigFile {
  /** Default: `$KUBECONFIG` (several files allowed), else `~/.kube/config`. */
  readonly file?: string | undefined
  /** Default: the file's current context. */
  readonly context?: string | undefined
}

/** The files kubectl would read, in its order. `explicit`: the user named them, so one must exist. */
export function kubeConfigPaths(
  options: KubeConfigFile,
  environment: Environment,
): { readonly paths: readonly string[]; readonly explicit: boolean } {
  if (options.file !== undefined) return { paths: [options.file], explicit: true }
  const variable = environment.variables['KUBECONFIG']
  if (variable) return { paths: variable.split(delimiter).filter((path) => path !== ''), explicit: true }
  return { paths: [join(environment.homeDirectory(), '.kube', 'config')], explicit: false }
}

/** A file that exists, and what it holds. */
export interface KubeConfigText {
  readonly path: string
  readonly text: string
}

/** Those of the files that exist. @throws ERR_KUBECONFIG for one that cannot be read */
export async function readKubeConfigs(
  paths: readonly string[],
  environment: Environment,
): Promise<readonly KubeConfigText[]> {
  const texts: KubeConfigText[] = []
  for (const path of paths) {
    try {
      texts.push({ path, text: await environment.readText(path) })
    } catch (error) {
      // kubectl skips missing files of $KUBECONFIG too.
      if (systemCode(error) === 'ENOENT') continue
      throw unreadable(path, systemCode(error) ?? 'unknown error')
    }
  }
  return texts
}

/** Loads client-node (92 MB, 0.4 s). @throws ERR_KUBECONFIG */
export async function parseKubeConfigs(
  texts: readonly KubeConfigText[],
  context: string | undefined,
): Promise<KubeConfigLike> {
  const { KubeConfig, loadYaml } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  for (const { path, text } of texts) {
    const next = new KubeConfig()
    // Absolute: joined to '.', `./plugin` would become a name to be looked for in PATH.
    const directory = resolve(dirname(path))
    try {
      next.loadFromString(text)
      next.makePathsAbsolute(directory)
      addExtras(next, loadYaml<unknown>(text), directory)
    } catch (error) {
      throw unreadable(path, parseFailure(error))
    }
    // The first file wins, as in kubectl; KubeConfig.mergeConfig refuses duplicates.
    addMissing(config.clusters, next.clusters)
    addMissing(config.users, next.users)
    addMissing(config.contexts, next.contexts)
    config.currentContext ||= next.currentContext
  }
  selectContext(config, context, texts.map(({ path }) => path).join(', '))
  return config
}

function selectContext(
  config: KubeConfigLike & {
    getContexts(): readonly { readonly name: string }[]
    setCurrentContext(name: string): void
  },
  context: string | undefined,
  where: string,
): void {
  if (context !== undefined) config.setCurrentContext(context)
  const name = config.getCurrentContext()
  const known = config.getContexts().map((each) => each.name)
  const list = known.length > 0 ? known.join(', ') : 'none'
  if (!name) {
    throw new KubeInformerError(
      'ERR_KUBECONFIG',
      `${where} has no current context; choose one of its contexts: ${list}`,
    )
  }
  if (!known.includes(name)) {
    throw new KubeInformerError('ERR_KUBECONFIG', `${where} has no context "${name}"; it has: ${list}`)
  }
  if (!config.getCurrentCluster()) {
    throw new KubeInformerError('ERR_KUBECONFIG', `${where}: the cluster of context "${name}" is missing`)
  }
}

function addMissing<T extends { readonly name: string }>(to: T[], from: readonly T[]): void {
  for (const each of from) if (!to.some((known) => known.name === each.name)) to.push(each)
}

/** js-yaml's message quotes the lines around the error, tokens among them: only its reason and the line number go on. */
function parseFailure(error: unknown): string {
  const code = systemCode(error)
  if (code !== undefined) return code
  if (!(error instanceof Error)) return 'not a kubeconfig'
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : undefined
  const mark = 'mark' in error ? (error.mark as { line?: number } | undefined) : undefined
  if (reason !== undefined)
    return `not valid YAML: ${reason}${mark?.line === undefined ? '' : `, line ${mark.line + 1}`}`
  // client-node's own: `clusters[0].cluster.server is missing`.
  return / is missing$/.test(error.message) ? error.message : 'not a kubeconfig'
}

function unreadable(path: string, why: string): KubeInformerError {
  return new KubeInformerError('ERR_KUBECONFIG', `the kubeconfig ${path} cannot be read: ${why}`)
}

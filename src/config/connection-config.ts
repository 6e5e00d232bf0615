import { checkNames, checkType } from '../base/check-options.ts'
import { nodeRuntime, type Runtime } from '../base/runtime.ts'
import { KubeInformerError, wrongType } from '../errors.ts'
import { type CredentialSource, CredentialsBroker } from './credentials-broker.ts'
import { type Environment, nodeEnvironment } from './environment.ts'
import { type ExplicitConnection, explicitSource } from './explicit-source.ts'
import { inClusterSource, isInCluster } from './in-cluster-source.ts'
import { type KubeConfigFile, kubeConfigPaths, loadKubeConfig } from './kube-config-file.ts'
import { type KubeConfigLike, kubeConfigSource } from './kube-config-source.ts'

/**
 * How to reach the API server: client-node's `KubeConfig`, a server by its address, a kubeconfig file (and context),
 * or the pod's service account. Default (undefined): as kubectl does: `$KUBECONFIG`, `~/.kube/config`, else the pod's
 * service account. client-node is loaded only for files; a `KubeConfig` comes with its own.
 */
export type ConnectionConfig = KubeConfigLike | ExplicitConnection | KubeConfigFile | 'in-cluster'

/** Contradictory options throw at once (ERR_INVALID_OPTION, ERR_KUBECONFIG); files are read by the first `material()`. */
export function createCredentialsBroker(
  config: ConnectionConfig | undefined,
  runtime: Runtime = nodeRuntime,
  environment: Environment = nodeEnvironment,
): CredentialsBroker {
  return new CredentialsBroker(sourceOf(config, environment), runtime)
}

function sourceOf(config: ConnectionConfig | undefined, environment: Environment): CredentialSource {
  if (config === undefined) return fileSource({}, environment)
  if (config === 'in-cluster') return inClusterSource(environment)
  if (typeof config !== 'object' || config === null) {
    throw wrongType(
      'kubeConfig',
      config,
      "must be a KubeConfig, { server, … }, { file, context } or 'in-cluster'",
    )
  }
  if ('applyToHTTPSOptions' in config) {
    return kubeConfigSource(
      `KubeConfig (context ${config.getCurrentContext()})`,
      async () => config,
      environment,
    )
  }
  if ('server' in config) return explicitSource(config, environment)
  // A misspelt `server` would watch whatever cluster kubectl is set to.
  checkNames('kubeConfig', config, ['file', 'context', 'server'])
  for (const name of ['file', 'context'] as const) checkType(`kubeConfig.${name}`, config[name], 'string')
  return fileSource(config, environment)
}

function fileSource(options: KubeConfigFile, environment: Environment): CredentialSource {
  const { paths, explicit } = kubeConfigPaths(options, environment)
  const description = `kubeconfig ${paths.join(', ')}`
  let loaded: KubeConfigLike | undefined
  const files = kubeConfigSource(
    description,
    async (fresh) => {
      if (fresh) loaded = undefined
      loaded ??= await loadKubeConfig(paths, options.context, environment)
      if (loaded === undefined) throw nothingFound(paths, explicit)
      return loaded
    },
    environment,
  )
  if (explicit || options.context !== undefined || !isInCluster(environment)) return files
  const pod = inClusterSource(environment)
  return {
    reuseMs: files.reuseMs,
    async load(fresh) {
      try {
        return await files.load(fresh)
      } catch (error) {
        if (error instanceof KubeInformerError && error.facts.reason === 'NoKubeConfig')
          return pod.load(fresh)
        throw error
      }
    },
  }
}

function nothingFound(paths: readonly string[], explicit: boolean): KubeInformerError {
  const names = paths.join(', ')
  return new KubeInformerError(
    'ERR_KUBECONFIG',
    explicit
      ? `the kubeconfig ${names} does not exist`
      : `no kubeconfig found (looked for ${names}) and not inside a cluster`,
    { facts: { reason: 'NoKubeConfig' } },
  )
}

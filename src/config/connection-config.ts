import { checkNames, checkType } from '../base/check-options.ts'
import { nodeRuntime, type Runtime } from '../base/runtime.ts'
import { KubeInformerError, wrongType } from '../errors.ts'
import { type CredentialSource, CredentialsBroker } from './credentials-broker.ts'
import { type Environment, nodeEnvironment } from './environment.ts'
import { type ExplicitConnection, explicitSource } from './explicit-source.ts'
import { inClusterSource, isInCluster } from './in-cluster-source.ts'
import {
  type KubeConfigFile,
  type KubeConfigText,
  kubeConfigPaths,
  parseKubeConfigs,
  readKubeConfigs,
} from './kube-config-file.ts'
import type { KubeConfigLike } from './kube-config-like.ts'
import { kubeConfigSource } from './kube-config-source.ts'
import { isSame, restingTexts } from './resting-texts.ts'

/**
 * How to reach the API server: client-node's `KubeConfig`, a server by its address, a kubeconfig file (and context),
 * or the pod's service account. Default (undefined): as kubectl does: `$KUBECONFIG`, `~/.kube/config`, else the pod's
 * service account. client-node is loaded only for files; a `KubeConfig` comes with its own. The context is that of the
 * beginning, and so is the server: what changes in a configuration later is followed for the credentials alone.
 */
export type ConnectionConfig = KubeConfigLike | ExplicitConnection | KubeConfigFile | 'in-cluster'

/** Contradictory options throw at once (ERR_INVALID_OPTION, ERR_KUBECONFIG); files are read by the first `material()`. */
export function createCredentialsBroker(
  config: ConnectionConfig | undefined,
  runtime: Runtime = nodeRuntime,
  environment: Environment = nodeEnvironment,
): CredentialsBroker {
  return new CredentialsBroker(sourceOf(config, environment, runtime), runtime)
}

function sourceOf(
  config: ConnectionConfig | undefined,
  environment: Environment,
  runtime: Runtime,
): CredentialSource {
  if (config === undefined) return fileSource({}, environment, runtime)
  if (config === 'in-cluster') return inClusterSource(environment)
  if (typeof config !== 'object' || config === null) {
    throw wrongType(
      'kubeConfig',
      config,
      "must be a KubeConfig, { server, … }, { file, context } or 'in-cluster'",
    )
  }
  if ('applyToHTTPSOptions' in config) {
    const pinned = pinContext(config)
    return kubeConfigSource({
      description: `KubeConfig (context ${config.getCurrentContext()})`,
      load: async () => pinned,
      environment,
      runtime,
    })
  }
  if ('server' in config) return explicitSource(config, environment)
  // A misspelt `server` would watch whatever cluster kubectl is set to.
  checkNames('kubeConfig', config, ['file', 'context', 'server'])
  for (const name of ['file', 'context'] as const) checkType(`kubeConfig.${name}`, config[name], 'string')
  if (config.file === '') {
    const facts = { option: 'kubeConfig.file' }
    throw new KubeInformerError('ERR_INVALID_OPTION', 'option kubeConfig.file must be the name of a file', {
      facts,
    })
  }
  return fileSource(config, environment, runtime)
}

function fileSource(options: KubeConfigFile, environment: Environment, runtime: Runtime): CredentialSource {
  const { paths, explicit } = kubeConfigPaths(options, environment)
  let texts: readonly KubeConfigText[] | undefined
  // The one of the first time: `kubectl config use-context` is not meant for programs that run.
  let { context } = options
  let parsed: KubeConfigLike | undefined
  const read = async (): Promise<readonly KubeConfigText[]> => {
    const found = await readKubeConfigs(paths, environment)
    if (found.length === 0) throw nothingFound(paths, explicit)
    return found
  }
  const files = kubeConfigSource({
    description: `kubeconfig ${paths.join(', ')}`,
    // Read each time, parsed when it was changed: a cluster that is made anew writes its certificates here.
    load: async (signal) => {
      let found = await read()
      if (texts !== undefined && !isSame(found, texts)) {
        found = await restingTexts(found, read, runtime, signal)
      }
      if (parsed === undefined || !isSame(found, texts)) {
        parsed = await parseKubeConfigs(found, context)
        context ??= parsed.getCurrentContext()
        texts = found
      }
      return parsed
    },
    environment,
    runtime,
  })
  if (explicit || options.context !== undefined || !isInCluster(environment)) return files
  const pod = inClusterSource(environment)
  return {
    get reuseMs() {
      return files.reuseMs
    },
    close: () => files.close?.(),
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

/** The same configuration, whatever context it is set to later: what runs must not move to another cluster. */
function pinContext(config: KubeConfigLike): KubeConfigLike {
  const context = config.getCurrentContext()
  if (!context) return config
  return Object.create(config, {
    currentContext: { value: context },
    getCurrentContext: { value: () => context },
  }) as KubeConfigLike
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

import type { ConnectionConfig } from '../config/connection-config.ts'
import { nodeEnvironment } from '../config/environment.ts'
import { kubeConfigPaths, parseKubeConfigs, readKubeConfigs } from '../config/kube-config-file.ts'

/** Where the watch goes, for people; never fails, runs no plugin, and has no password in it. */
export async function serverName(config: ConnectionConfig | undefined): Promise<string> {
  if (config === 'in-cluster') return 'in-cluster'
  if (config !== undefined && 'server' in config) return withoutUser(config.server)
  const options = config !== undefined && 'file' in config ? config : {}
  try {
    const { paths } = kubeConfigPaths(options, nodeEnvironment)
    const texts = await readKubeConfigs(paths, nodeEnvironment)
    if (texts.length === 0) return 'in-cluster'
    const found = await parseKubeConfigs(texts, options.context)
    return withoutUser(found.getCurrentCluster()?.server ?? '')
  } catch {
    // What is wrong with it is told by the watch.
    return 'kubeconfig'
  }
}

function withoutUser(server: string): string {
  const url = URL.parse(server)
  return url === null ? 'unknown' : `${url.protocol}//${url.host}${url.pathname.replace(/\/$/, '')}`
}

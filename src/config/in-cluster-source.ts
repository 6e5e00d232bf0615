import { isIPv6 } from 'node:net'
import { KubeInformerError } from '../errors.ts'
import { readTokenFile, tokenFileReuseMs } from './bearer-token.ts'
import { connectionMaterial } from './connection-material.ts'
import type { CredentialSource } from './credentials-broker.ts'
import { type Environment, systemCode } from './environment.ts'
import { proxyFromEnvironment } from './proxy-url.ts'

const directory = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Whether this process runs in a pod that has a service account. */
export function isInCluster(environment: Environment): boolean {
  return (
    !!environment.variables['KUBERNETES_SERVICE_HOST'] && !!environment.variables['KUBERNETES_SERVICE_PORT']
  )
}

/** The pod's service account, as client-go's rest.InClusterConfig. Token and CA are read again when 60 s old. */
export function inClusterSource(environment: Environment): CredentialSource {
  const host = environment.variables['KUBERNETES_SERVICE_HOST']
  const port = environment.variables['KUBERNETES_SERVICE_PORT']
  if (!host || !port) {
    throw new KubeInformerError(
      'ERR_KUBECONFIG',
      'not inside a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set',
    )
  }
  const server = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`
  const proxyUrl = proxyFromEnvironment(server, environment.variables)
  return {
    reuseMs: tokenFileReuseMs,
    async load() {
      const token = await readTokenFile(`${directory}/token`, environment)
      const ca = await environment.readText(`${directory}/ca.crt`).catch((error: unknown) => {
        throw new KubeInformerError(
          'ERR_CREDENTIALS',
          `the cluster's certificate authority ${directory}/ca.crt cannot be read (${systemCode(error) ?? 'unknown error'})`,
        )
      })
      return connectionMaterial({
        server,
        proxyUrl,
        headers: { authorization: `Bearer ${token}` },
        tls: { ca },
      })
    },
  }
}

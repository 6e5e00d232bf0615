import { readFile } from 'node:fs/promises'
import type { ConnectionConfig } from '../config/connection-config.ts'
import { systemCode } from '../config/environment.ts'
import type { ConnectionArguments } from './arguments.ts'
import { UsageError } from './cli-error.ts'

/** What the flags say, as the library takes it; undefined: look where kubectl looks. */
export async function connectionConfig(options: ConnectionArguments): Promise<ConnectionConfig | undefined> {
  if (options.server !== undefined) {
    // Read again by the library, whenever the token may be another; here only to name the flag.
    await readable('--token-file', options.tokenFile)
    const [ca, cert, key] = await Promise.all([
      readable('--certificate-authority', options.certificateAuthority),
      readable('--client-certificate', options.clientCertificate),
      readable('--client-key', options.clientKey),
    ])
    return {
      server: options.server,
      token: options.token,
      tokenFile: options.tokenFile,
      ca,
      cert,
      key,
      insecureSkipTlsVerify: options.insecureSkipTlsVerify,
    }
  }
  if (options.kubeconfig === undefined && options.context === undefined) return undefined
  return { file: options.kubeconfig, context: options.context }
}

async function readable(flag: string, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new UsageError(`${flag} ${path} cannot be read (${systemCode(error) ?? 'unknown error'})`)
  }
}

import { access, constants, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCode } from '../config/environment.ts'
import type { ServeArguments } from './arguments.ts'
import { UsageError } from './cli-error.ts'
import type { CommandIo } from './command-io.ts'
import { startEmbedded } from './embedded.ts'
import { formatCount } from './units.ts'

/** `kube-informer serve`: the embedded server until interrupted. Its URL is the one line of stdout. */
export async function serveCommand(options: ServeArguments, io: CommandIo): Promise<number> {
  if (options.writeKubeconfig !== undefined) await checkWritable(options.writeKubeconfig)
  const server = await startEmbedded(options).catch((error: unknown) => {
    throw startError(error, options.port)
  })
  try {
    if (options.writeKubeconfig !== undefined) {
      await writeFile(options.writeKubeconfig, kubeconfigFor(server.url), { mode: 0o600 })
    }
    io.out.write(server.url)
    io.out.flush()
    io.problems.write(
      `serving ${formatCount(options.objects)} ${options.resource}, ${formatCount(options.rate)} changes/s; Ctrl-C ends it`,
    )
    if (!io.interrupt.aborted) {
      await new Promise<void>((resolve) =>
        io.interrupt.addEventListener('abort', () => resolve(), { once: true }),
      )
    }
    return 0
  } finally {
    await server.close()
    await Promise.all([io.out.end(), io.problems.end()])
  }
}

/** Before the server is there: a mistyped folder need not cost a start. */
async function checkWritable(file: string): Promise<void> {
  try {
    await access(file, constants.W_OK).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error
      return access(dirname(file), constants.W_OK)
    })
  } catch (error) {
    throw new UsageError(
      `--write-kubeconfig ${file} cannot be written (${systemCode(error) ?? 'unknown error'})`,
    )
  }
}

function startError(error: unknown, port: number): unknown {
  const code = systemCode(error)
  if (code === 'EADDRINUSE')
    return new Error(`--port ${port} is in use: take another one, or 0 for any free one`)
  if (code === 'EACCES') return new Error(`--port ${port} is not allowed to you: take one above 1023, or 0`)
  return error
}

/**
 * JSON is YAML. Plain HTTP and no user: the server listens on this machine's loopback only. client-node takes plain HTTP
 * only from those who skip verification.
 */
function kubeconfigFor(url: string): string {
  const name = 'kube-informer-embedded'
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name, user: {} }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  }
  return `${JSON.stringify(config, null, 2)}\n`
}

import { writeFile } from 'node:fs/promises'
import type { ServeArguments } from './arguments.ts'
import type { CommandIo } from './command-io.ts'
import { startEmbedded } from './embedded.ts'
import { formatCount } from './units.ts'

/** `kube-informer serve`: the embedded server until interrupted. Its URL is the one line of stdout. */
export async function serveCommand(options: ServeArguments, io: CommandIo): Promise<number> {
  const server = await startEmbedded(options)
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

/** JSON is YAML. Plain HTTP and no user: the server listens on this machine's loopback only. */
function kubeconfigFor(url: string): string {
  const name = 'kube-informer-embedded'
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server: url } }],
    users: [{ name, user: {} }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  }
  return `${JSON.stringify(config, null, 2)}\n`
}

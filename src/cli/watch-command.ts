import { ApiClient } from '../config/api-request.ts'
import { type ConnectionConfig, createCredentialsBroker } from '../config/connection-config.ts'
import { resolveResource } from '../config/discovery.ts'
import { parseLabelSelector } from '../selectors/label-selector.ts'
import type { WatchArguments } from './arguments.ts'
import { UsageError } from './cli-error.ts'
import type { CommandIo } from './command-io.ts'
import { connectionConfig } from './connection-arguments.ts'
import { startEmbedded } from './embedded.ts'
import { WatchRun } from './watch-run.ts'

/** `kube-informer watch`: gives the exit code. Whatever it started has ended when it settles. */
export async function watchCommand(options: WatchArguments, io: CommandIo): Promise<number> {
  // Before anything is started or asked: throws ERR_INVALID_SELECTOR.
  if (options.selector !== undefined) parseLabelSelector(options.selector)
  const embedded = options.embedded ? await startEmbedded(options) : undefined
  try {
    const config: ConnectionConfig | undefined =
      embedded === undefined ? await connectionConfig(options) : { server: embedded.url }
    const broker = createCredentialsBroker(config)
    const client = new ApiClient(broker)
    try {
      const type = await resolveResource(options.resource, client, { signal: io.interrupt })
      if (!type.namespaced && options.namespace !== undefined) {
        throw new UsageError(`${type.resource} do not live in namespaces: leave out -n`)
      }
      return await new WatchRun({ options, io, config, client, type, embedded }).run()
    } finally {
      await client.close()
      await broker.close()
    }
  } catch (error) {
    if (io.interrupt.aborted && error === io.interrupt.reason) return 0
    throw error
  } finally {
    await embedded?.close()
  }
}

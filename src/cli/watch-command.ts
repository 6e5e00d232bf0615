import { nodeRuntime } from '../base/runtime.ts'
import { ApiClient } from '../config/api-request.ts'
import { type ConnectionConfig, createCredentialsBroker } from '../config/connection-config.ts'
import { resolveResource } from '../config/discovery.ts'
import { type ResourceType, resourceLabel } from '../resources/names.ts'
import { parseLabelSelector } from '../selectors/label-selector.ts'
import type { WatchArguments } from './arguments.ts'
import { UsageError } from './cli-error.ts'
import type { CommandIo } from './command-io.ts'
import { connectionConfig } from './connection-arguments.ts'
import { defaultObjects, type EmbeddedServer, startEmbedded } from './embedded.ts'
import { outputFor, outputModeOf } from './output-modes.ts'
import { serverName } from './server-name.ts'
import { WatchRun } from './watch-run.ts'

/** `kube-informer watch`: gives the exit code. Whatever it started has ended when it settles. */
export async function watchCommand(options: WatchArguments, io: CommandIo): Promise<number> {
  // Before anything is started or asked: throws ERR_INVALID_SELECTOR.
  if (options.selector !== undefined) parseLabelSelector(options.selector)
  const mode = outputModeOf(options, io.terminal)
  const [first] = options.resources as [string]
  const embedded = options.embedded ? await startEmbedded({ ...options, resource: first }) : undefined
  try {
    const config: ConnectionConfig | undefined =
      embedded === undefined ? await connectionConfig(options) : { server: embedded.url }
    const broker = createCredentialsBroker(config)
    const client = new ApiClient(broker)
    try {
      const types = await resolveAll(options, client, io.interrupt)
      if (embedded !== undefined) await populateOthers(types.slice(1), options, embedded)
      const startedAtMs = nodeRuntime.nowMs()
      // A person looks at it only in the live view; for a kubeconfig it costs a read.
      const server = mode === 'live' ? await serverName(config) : ''
      const output = await outputFor(options, io, { types, server, startedAtMs })
      try {
        const input = { options, io, config, client, types, embedded, output, startedAtMs }
        return await new WatchRun(input).run()
      } finally {
        output.close()
      }
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

/** Each resource once, whatever names it was given by. */
async function resolveAll(
  { resources, namespace }: WatchArguments,
  client: ApiClient,
  signal: AbortSignal,
): Promise<readonly ResourceType[]> {
  const types = new Map<string, ResourceType>()
  for (const name of resources) {
    const type = await resolveResource(name, client, { signal })
    types.set(resourceLabel(type), type)
  }
  const all = [...types.values()]
  // Beside one that has namespaces, the others are watched whole, as kubectl does.
  if (namespace !== undefined && all.every(({ namespaced }) => !namespaced)) {
    throw new UsageError(`${all.map(resourceLabel).join(', ')} do not live in namespaces: leave out -n`)
  }
  return all
}

/** As a cluster has it: fewer of everything else. */
async function populateOthers(
  types: readonly ResourceType[],
  { objects = defaultObjects }: WatchArguments,
  embedded: EmbeddedServer,
): Promise<void> {
  for (const { resource, group } of types) {
    await embedded.populate(group === '' ? resource : `${resource}.${group}`, Math.ceil(objects / 20))
  }
}

/** A server of our own, in a thread of its own, as the commands use it. */
export interface EmbeddedServer {
  readonly url: string
  /** Objects of a further resource, by any of its names. */
  populate(resource: string, objects: number): Promise<void>
  stopChurn(): Promise<void>
  close(): Promise<void>
}

export interface EmbeddedOptions {
  readonly resource: string
  readonly port?: number | undefined
  readonly objects?: number | undefined
  readonly rate?: number | undefined
  readonly seed?: number | undefined
}

export const defaultObjects: number = 1_000

/** Loaded only here: a `watch` of a real cluster pays nothing for it. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { startEmbeddedServer } = await import('../testing/index.ts')
  const server = await startEmbeddedServer({
    resource: options.resource,
    objects: options.objects ?? defaultObjects,
    rate: options.rate ?? 0,
    port: options.port ?? 0,
    ...(options.seed !== undefined && { seed: options.seed }),
    thread: true,
  })
  return {
    url: server.url,
    populate: (resource, objects) =>
      server.control('populate', {
        resource,
        objects,
        ...(options.seed !== undefined && { seed: options.seed }),
      }),
    stopChurn: () => server.control('stop-churn'),
    close: () => server.close(),
  }
}

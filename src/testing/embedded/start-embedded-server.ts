import { Worker } from 'node:worker_threads'
import { EmbeddedApiServer, type EmbeddedApiServerOptions, type ServerStats } from './embedded-api-server.ts'

/** Options of a server that is to be there, filled and alive, after one call. */
export interface StartOptions extends Omit<EmbeddedApiServerOptions, 'runtime'> {
  /** Any name of a resource the server knows. Default pods. */
  readonly resource?: string
  /** Objects of it. Default 0. */
  readonly objects?: number
  /** Changes a second. Default 0: none until asked for. */
  readonly rate?: number
  readonly seed?: number
  /** In a thread of its own, so that it does not disturb what it measures. Default false. */
  readonly thread?: boolean
}

export interface RunningServer {
  readonly url: string
  stats(): Promise<ServerStats>
  /** A command as under `/embedded/`: 'churn', 'stop-churn', 'rewrite', 'compact', 'restore', 'relist-trigger', ... */
  control(name: string, body?: unknown): Promise<void>
  close(): Promise<void>
}

export async function startEmbeddedServer(options: StartOptions = {}): Promise<RunningServer> {
  return options.thread === true ? await startThread(options) : await startHere(options)
}

/** Makes and fills the server; what runs in the thread, too. */
export async function startFilled(options: StartOptions): Promise<EmbeddedApiServer> {
  const { resource = 'pods', objects = 0, rate = 0, seed, ...rest } = options
  const server = new EmbeddedApiServer(rest)
  server.populate({ resource, objects, ...(seed !== undefined && { seed }) })
  await server.start()
  if (rate > 0) server.startChurn({ rate, resource, ...(seed !== undefined && { seed: seed + 1 }) })
  return server
}

async function startHere(options: StartOptions): Promise<RunningServer> {
  const server = await startFilled(options)
  return {
    url: server.url,
    stats: async () => server.stats(),
    control: async (name, body) => void (await server.control(name, body)),
    close: () => server.close(),
  }
}

/** Asked of the thread; answered by its id. */
export interface ThreadRequest {
  readonly id: number
  readonly name: string
  readonly body: unknown
}

export type ThreadAnswer =
  | { readonly kind: 'started'; readonly url: string }
  | { readonly kind: 'done'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }

async function startThread(options: StartOptions): Promise<RunningServer> {
  // The thread's file lies beside this one, as source or as built code.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const { thread: _, ...workerData } = options
  const worker = new Worker(new URL(`./server-thread.${extension}`, import.meta.url), { workerData })
  const pending = new Map<number, PromiseWithResolvers<unknown>>()
  const started = Promise.withResolvers<string>()
  const fail = (error: Error): void => {
    started.reject(error)
    for (const { reject } of pending.values()) reject(error)
    pending.clear()
  }
  worker.on('error', fail)
  worker.on('exit', () => fail(new Error('the embedded server has ended')))
  worker.on('message', (answer: ThreadAnswer) => {
    if (answer.kind === 'started') return started.resolve(answer.url)
    const waiting = pending.get(answer.id)
    pending.delete(answer.id)
    if (answer.kind === 'done') waiting?.resolve(answer.result)
    else waiting?.reject(new Error(answer.message))
  })
  let nextId = 0
  const ask = (name: string, body?: unknown): Promise<unknown> => {
    const waiting = Promise.withResolvers<unknown>()
    const request: ThreadRequest = { id: nextId++, name, body }
    pending.set(request.id, waiting)
    worker.postMessage(request)
    return waiting.promise
  }
  const url = await started.promise
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    // Its answer may be lost if the thread dies first: that is closed, too.
    await ask('close').catch(() => undefined)
    await worker.terminate()
  }
  return {
    url,
    stats: async () => (await ask('stats')) as ServerStats,
    control: async (name, body) => void (await ask(name, body)),
    close: () => (closing ??= close()),
  }
}

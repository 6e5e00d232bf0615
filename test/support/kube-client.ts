import { type Dispatcher, Pool } from 'undici'

export interface KubeObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid: string
    readonly resourceVersion: string
    readonly labels?: Readonly<Record<string, string>>
    readonly [key: string]: unknown
  }
  readonly [key: string]: unknown
}

export interface KubeList {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  readonly items: readonly KubeObject[]
}

export interface WatchEvent {
  readonly type: string
  readonly object: KubeObject
}

/** Plain HTTPS to an API server, JSON.parse and nothing of the engine: the truth that the engine is held against. */
export class KubeClient {
  readonly #dispatcher: Pool
  readonly #token: string

  constructor(url: string, token = '', ca?: string) {
    this.#token = token
    // A pool of one request per connection: an open watch must not block the requests after it.
    this.#dispatcher = new Pool(url, {
      pipelining: 1,
      bodyTimeout: 0,
      ...(ca !== undefined && { connect: { ca } }),
    })
  }

  async request(
    method: Dispatcher.HttpMethod,
    path: string,
    body?: unknown,
    contentType = 'application/json',
    accept?: string,
  ): Promise<{ readonly status: number; readonly body: string }> {
    const response = await this.#dispatcher.request({
      method,
      path,
      headers: {
        ...this.#headers(accept),
        ...(body !== undefined && { 'content-type': contentType }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: response.statusCode, body: await response.body.text() }
  }

  #headers(accept = 'application/json'): Record<string, string> {
    return {
      accept,
      ...(this.#token !== '' && { authorization: `Bearer ${this.#token}` }),
    }
  }

  async #object(
    method: Dispatcher.HttpMethod,
    path: string,
    body?: unknown,
    type?: string,
  ): Promise<KubeObject> {
    const response = await this.request(method, path, body, type)
    if (response.status >= 300) throw new Error(`${method} ${path}: ${response.status} ${response.body}`)
    return JSON.parse(response.body)
  }

  create(collection: string, object: unknown): Promise<KubeObject> {
    return this.#object('POST', collection, object)
  }

  get(path: string): Promise<KubeObject> {
    return this.#object('GET', path)
  }

  mergePatch(path: string, patch: unknown): Promise<KubeObject> {
    return this.#object('PATCH', path, patch, 'application/merge-patch+json')
  }

  async delete(path: string, options?: unknown): Promise<void> {
    await this.#object('DELETE', path, options)
  }

  async list(path: string, accept?: string): Promise<KubeList> {
    const response = await this.request('GET', path, undefined, undefined, accept)
    if (response.status !== 200) throw new Error(`GET ${path}: ${response.status} ${response.body}`)
    return JSON.parse(response.body)
  }

  /** A raw watch, event by event; ends when the server ends it. Stop it by leaving the loop. */
  async *watch(path: string, accept?: string): AsyncGenerator<WatchEvent> {
    const response = await this.#dispatcher.request({
      method: 'GET',
      path,
      headers: this.#headers(accept),
    })
    if (response.statusCode !== 200)
      throw new Error(`watch ${path}: ${response.statusCode} ${await response.body.text()}`)
    let rest = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body) {
      rest += decoder.decode(chunk, { stream: true })
      const lines = rest.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) yield JSON.parse(line)
    }
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy()
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createGzip } from 'node:zlib'
import type { Runtime } from '../../base/runtime.ts'
import type { AccessControl } from './access.ts'
import type { Counters } from './counters.ts'
import type { CustomResources } from './custom-resources.ts'
import { discover } from './discovery.ts'
import type { Faults } from './faults.ts'
import { type InitialLists, isInitialList } from './initial-lists.ts'
import { isRecord } from './json-object.ts'
import { parseListRequest } from './list-request.ts'
import { writeList } from './list-writer.ts'
import { listPage } from './lister.ts'
import { acceptedForm, type ObjectForm } from './media-type.ts'
import type { Namespaces } from './namespaces.ts'
import { type DeleteOptions, ObjectWriter } from './object-writer.ts'
import type { Registry } from './registry.ts'
import { readJson } from './request-body.ts'
import { parseRoute, type Route } from './route.ts'
import { selectObjects } from './selector.ts'
import type { ServedResource } from './served-resource.ts'
import { ApiFailure, failures, successBody } from './status.ts'
import type { StoredObject } from './stored-object.ts'
import type { VersionCounter } from './version-counter.ts'
import { isTrue, parseWatchRequest } from './watch-request.ts'

export interface HandlerContext {
  readonly runtime: Runtime
  readonly registry: Registry
  readonly customResources: CustomResources
  readonly namespaces: Namespaces
  readonly counters: Counters
  readonly initialLists: InitialLists
  readonly faults: Faults
  readonly access: AccessControl
  readonly versions: VersionCounter
  readonly versionWaitMs: number
  readonly hasWatchList: () => boolean
  readonly hasCompression: boolean
  readonly hasWatchListCompression: boolean
  readonly requiresNamespaces: boolean
  readonly watchErrors: 'event' | 'status'
  /** Watches from versions below it are refused, whatever the history holds. */
  readonly watchFloor: () => number
  /** `/embedded/...`: what no real server has. */
  readonly control: (name: string, body: unknown) => Promise<unknown>
  readonly stats: () => unknown
}

// As in a real server: smaller answers are not worth it.
const compressBytesMin = 128 * 1024
const publicPaths = new Set(['/version', '/healthz', '/livez', '/readyz'])

/** Turns requests into answers. Whatever goes wrong becomes a `Status`. */
export class RequestHandler {
  readonly #context: HandlerContext

  constructor(context: HandlerContext) {
    this.#context = context
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    this.#context.counters.requests++
    this.#answer(request, response).catch((error: unknown) => {
      if (error instanceof ApiFailure) sendFailure(response, error)
      else if (error instanceof URIError) sendFailure(response, failures.badRequest('the path is not valid'))
      else sendFailure(response, new ApiFailure(500, 'InternalError', String(error)))
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '/'
    const url = new URL(target, 'http://embedded')
    if (url.pathname.startsWith('/embedded/')) return await this.#control(url, request, response)
    const { faults, access, registry } = this.#context
    if (isInitialList(request.method, url)) this.#context.initialLists.enter(response)
    if (faults.delayMs > 0) await this.#sleep(faults.delayMs)
    faults.check(target)
    if (publicPaths.has(url.pathname) && url.pathname !== '/version') return sendText(response, 'ok')
    if (url.pathname === '/version') return sendJson(response, 200, discover('/version', []))
    const granted = access.authenticate(request.headers.authorization)
    const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, '') : url.pathname
    if (request.method === 'GET') {
      const found = discover(path, registry.types)
      if (found !== undefined) return sendJson(response, 200, found)
    }
    const route = parseRoute(path)
    if (route === undefined) throw this.#notFound(path)
    const verb = verbOf(request.method, route, url.searchParams)
    access.authorize(granted, route, verb, route.namespace)
    const served = registry.find(route.group, route.version, route.resource)
    if (served === undefined || !isRouteOf(route, served)) throw this.#notFound(path)
    await this.#resource(request, response, url.searchParams, route, served, verb)
  }

  /** A `Status` where an API is, and a line of text where none is, nor one of a custom resource: as real servers do. */
  #notFound(path: string): ApiFailure {
    const [, root, group = ''] = path.split('/')
    const isApi = root === 'api' || (root === 'apis' && this.#context.registry.hasBuiltIn(group))
    return isApi ? failures.resourceNotFound() : failures.pageNotFound()
  }

  async #resource(
    request: IncomingMessage,
    response: ServerResponse,
    query: URLSearchParams,
    route: Route,
    served: ServedResource,
    verb: string,
  ): Promise<void> {
    const { namespace, name } = route
    if (!served.type.verbs.includes(verb)) throw failures.methodNotAllowed()
    const form = acceptedForm(request.headers.accept, verb === 'list')
    if (verb === 'watch') return await this.#watch(request, response, query, namespace, served, form)
    if (verb === 'list') return await this.#list(request, response, query, namespace, served, form)
    const scope = namespace ?? ''
    const { encoder } = served.forms[form]
    const send = (status: number, object: StoredObject): void => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(encoder.object(object))
    }
    const writer = new ObjectWriter(served, this.#context.runtime)
    if (verb === 'get') return send(200, writer.get(scope, name as string))
    if (verb === 'deletecollection') {
      const page = listPage(served.store, parseListRequest(query, namespace))
      for (const item of page.items) writer.delete(item.namespace, item.name)
      return sendText(response, successBody({ kind: served.type.resource }), 'application/json')
    }
    if (verb === 'delete') {
      const body = await readJson(request)
      const options: DeleteOptions = isRecord(body) ? body : {}
      const found = writer.delete(scope, name as string, options)
      if (served.store.get(found.key) !== undefined) return send(200, found)
      const { group, resource: kind } = served.type
      const details = { name: found.name, ...(group !== '' && { group }), kind, uid: found.uid }
      return sendText(response, successBody(details), 'application/json')
    }
    const body = await readJson(request, verb === 'patch' ? patchTypes : undefined)
    if (verb === 'create') {
      if (served.type.namespaced && namespace === undefined) throw failures.methodNotAllowed()
      this.#checkOwners(served, scope, body)
      return send(201, writer.create(scope, body))
    }
    const options = { isStatus: route.subresource === 'status' }
    const written =
      verb === 'patch'
        ? writer.patch(scope, name as string, body, options)
        : writer.update(scope, name as string, body, options)
    send(200, written)
  }

  async #list(
    request: IncomingMessage,
    response: ServerResponse,
    query: URLSearchParams,
    namespace: string | undefined,
    served: ServedResource,
    form: ObjectForm,
  ): Promise<void> {
    const { encoder } = served.forms[form]
    const { counters, hasCompression } = this.#context
    counters.lists++
    const asked = parseListRequest(query, namespace)
    if (asked.wants.kind === 'notOlderThan') await this.#waitForVersion(served, asked.wants.version)
    if (asked.wants.kind === 'exact' && asked.wants.version > served.store.version) {
      throw failures.versionTooLarge(asked.wants.version, served.store.version)
    }
    const page = listPage(served.store, asked)
    const count = (bytes: number): void => {
      counters.bytesSent += bytes
    }
    response.setHeader('content-type', 'application/json')
    response.setHeader('cache-control', 'no-cache, private')
    const isCompressed = hasCompression && acceptsGzip(request) && isLarge(page.items)
    if (!isCompressed) return await writeList(response, page, encoder, count)
    response.setHeader('content-encoding', 'gzip')
    response.setHeader('vary', 'accept-encoding')
    const gzip = createGzip({ level: 1 })
    gzip.pipe(response)
    // A reader that leaves must not keep the list in memory.
    response.on('close', () => gzip.destroy())
    await writeList(gzip, page, encoder, count)
  }

  async #watch(
    request: IncomingMessage,
    response: ServerResponse,
    query: URLSearchParams,
    namespace: string | undefined,
    served: ServedResource,
    form: ObjectForm,
  ): Promise<void> {
    const { hub } = served.forms[form]
    const { counters, hasWatchList, hasWatchListCompression, watchErrors, watchFloor } = this.#context
    counters.watches++
    const allowsWatchList = hasWatchList()
    if (!allowsWatchList && query.has('sendInitialEvents')) counters.watchListsRefused++
    const asked = parseWatchRequest(query, namespace, allowsWatchList)
    const selects = selectObjects(namespace, asked.labelSelector, asked.fieldSelector)
    let failure: ApiFailure | undefined
    if (asked.hasInitialEvents) {
      counters.watchLists++
      failure = await this.#waitForVersion(served, asked.version ?? 0).catch((error: ApiFailure) => error)
    } else {
      failure = hub.expiry(asked, watchFloor())
    }
    if (failure !== undefined && watchErrors === 'status') throw failure
    if (response.destroyed) return
    const isCompressed =
      hasWatchListCompression &&
      failure === undefined &&
      asked.hasInitialEvents &&
      asked.hasBookmarks &&
      acceptsGzip(request)
    response.writeHead(200, {
      'content-type': 'application/json',
      'cache-control': 'no-cache, private',
      ...(isCompressed && { 'content-encoding': 'gzip', vary: 'accept-encoding' }),
    })
    response.flushHeaders()
    if (failure !== undefined) {
      response.end(`{"type":"ERROR","object":${failure.body()}}\n`)
      return
    }
    hub.open(response, asked, selects, isCompressed)
  }

  /** Throws 504 when the server does not get there in time, as a replica that is behind. */
  async #waitForVersion(served: ServedResource, version: number): Promise<undefined> {
    const { versions, versionWaitMs } = this.#context
    if (await versions.waitFor(version, versionWaitMs)) return undefined
    throw failures.versionTooLarge(version, served.store.version)
  }

  /** What an object is made in must be there, and stay. */
  #checkOwners(served: ServedResource, namespace: string, body: unknown): void {
    const { namespaces, customResources, requiresNamespaces } = this.#context
    const metadata = isRecord(body) && isRecord(body['metadata']) ? body['metadata'] : {}
    const name = String(metadata['name'] ?? '')
    namespaces.check(served, namespace, name, requiresNamespaces)
    customResources.check(served, name)
  }

  async #control(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = url.pathname.slice('/embedded/'.length)
    if (request.method === 'GET' && name === 'stats') return sendJson(response, 200, this.#context.stats())
    if (request.method !== 'POST') throw failures.methodNotAllowed()
    const result = await this.#context.control(name, await readJson(request))
    sendJson(response, 200, result ?? {})
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#context.runtime.setTimer(ms, resolve, true))
  }
}

const patchTypes = ['application/merge-patch+json', 'application/strategic-merge-patch+json']

function verbOf(method: string | undefined, { name }: Route, query: URLSearchParams): string {
  if (method === 'GET' && name === undefined && isTrue(query.get('watch'))) return 'watch'
  const verbs: Readonly<Record<string, string | undefined>> =
    name === undefined
      ? { GET: 'list', POST: 'create', DELETE: 'deletecollection' }
      : { GET: 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }
  const verb = verbs[method ?? '']
  if (verb === undefined) throw failures.methodNotAllowed()
  return verb
}

/** A namespaced object needs its namespace in the path; a cluster-scoped resource has none; one subresource. */
function isRouteOf(route: Route, { type }: ServedResource): boolean {
  if (route.subresource !== undefined && route.subresource !== 'status') return false
  if (!type.namespaced) return route.namespace === undefined
  return route.name === undefined || route.namespace !== undefined
}

function acceptsGzip(request: IncomingMessage): boolean {
  return /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
}

function isLarge(items: readonly StoredObject[]): boolean {
  let bytes = 0
  for (const item of items) if ((bytes += item.body.length) > compressBytesMin) return true
  return false
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

function sendText(response: ServerResponse, text: string, type = 'text/plain'): void {
  response.writeHead(200, { 'content-type': type })
  response.end(text)
}

function sendFailure(response: ServerResponse, failure: ApiFailure): void {
  // The answer had begun: all that is left is to break it off, an end would look complete.
  if (response.headersSent) return void response.destroy()
  const retryAfter = failure.details?.retryAfterSeconds
  response.writeHead(failure.status, {
    'content-type': failure.contentType,
    ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
  })
  response.end(failure.body())
}

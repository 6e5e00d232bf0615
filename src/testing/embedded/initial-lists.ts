import type { ServerResponse } from 'node:http'
import type { Counters } from './counters.ts'
import { parseRoute } from './route.ts'
import { isTrue } from './watch-request.ts'

/**
 * Lists and streams of initial events in progress: from the arrival of the request, delays included, to the last byte
 * of the list or to the bookmark that ends the initial events.
 */
export class InitialLists {
  readonly #counters: Counters
  readonly #open = new Set<ServerResponse>()

  constructor(counters: Counters) {
    this.#counters = counters
  }

  enter(response: ServerResponse): void {
    this.#open.add(response)
    this.#counters.initialListsPeak = Math.max(this.#counters.initialListsPeak, this.#open.size)
    response.once('close', () => this.leave(response))
  }

  leave(response: ServerResponse): void {
    this.#open.delete(response)
  }
}

export function isInitialList(method: string | undefined, { pathname, searchParams }: URL): boolean {
  if (method !== 'GET') return false
  if (isTrue(searchParams.get('watch')) && !isTrue(searchParams.get('sendInitialEvents'))) return false
  const route = parseRoute(pathname)
  return route !== undefined && route.name === undefined
}

import { type ChurnMode, churnModes } from './churn.ts'
import { isRecord } from './json-object.ts'
import { failures } from './status.ts'

export interface ChurnOptions {
  /** Changes a second. */
  readonly rate: number
  readonly mode?: ChurnMode
  /** Any name of a resource; default: the one that was populated last, else pods. */
  readonly resource?: string
  /** Ends by itself; default: only by stopChurn. */
  readonly seconds?: number
  readonly seed?: number
}

/** What can be asked of a running server from outside: over HTTP, or from the thread that started it. */
export interface Controllable {
  startChurn(options: ChurnOptions): void
  stopChurn(): unknown
  rewrite(options: { readonly times?: number; readonly resource?: string }): Promise<unknown>
  compact(): unknown
  restore(version: number): unknown
  triggerRelist(): unknown
  populate(options: { readonly resource: string; readonly objects: number; readonly seed?: number }): unknown
  stats(): unknown
}

/** Runs one command by name; throws 404 for an unknown one, 400 for a body that is none. */
export async function runControl(server: Controllable, name: string, sent: unknown): Promise<unknown> {
  const body = sent === undefined ? {} : sent
  if (!isRecord(body)) throw failures.badRequest('the body is not a JSON object')
  switch (name) {
    case 'churn':
      return server.startChurn({
        rate: numberIn(body, 'rate') ?? 1_000,
        mode: modeIn(body),
        ...resourceIn(body),
        ...optional('seconds', numberIn(body, 'seconds')),
        ...optional('seed', numberIn(body, 'seed')),
      })
    case 'stop-churn':
      return server.stopChurn()
    case 'rewrite':
      return await server.rewrite({ ...optional('times', numberIn(body, 'times')), ...resourceIn(body) })
    case 'compact':
      return server.compact()
    case 'restore':
      return server.restore(numberIn(body, 'version') ?? 0)
    case 'relist-trigger':
      return server.triggerRelist()
    case 'populate':
      return server.populate({
        resource: resourceIn(body).resource ?? 'pods',
        objects: numberIn(body, 'objects') ?? 0,
        ...optional('seed', numberIn(body, 'seed')),
      })
    case 'stats':
      return server.stats()
    default:
      throw failures.resourceNotFound()
  }
}

function numberIn(body: Readonly<Record<string, unknown>>, field: string): number | undefined {
  const value = body[field]
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  throw failures.badRequest(`${field} is a number of 0 or more`)
}

function modeIn(body: Readonly<Record<string, unknown>>): ChurnMode {
  const mode = churnModes.find((each) => each === (body['mode'] ?? 'mixed'))
  if (mode === undefined) throw failures.badRequest(`mode is one of ${churnModes.join(', ')}`)
  return mode
}

function resourceIn(body: Readonly<Record<string, unknown>>): { readonly resource?: string } {
  const value = body['resource']
  if (value === undefined) return {}
  if (typeof value !== 'string') throw failures.badRequest('resource is a name')
  return { resource: value }
}

function optional<K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: T })
}

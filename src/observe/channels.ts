import { type Channel, channel } from 'node:diagnostics_channel'
import type { KubeInformerError } from '../errors.ts'
import type { InformerState, RefusedObject } from '../informer-stats.ts'

/** Whose message it is: in all of them, and in every log line. */
export interface InformerScope {
  /** The factory's `name`, `''` if it has none. */
  readonly factory: string
  /** `pods`, `apps/v1/deployments`. */
  readonly resource: string
  /** Of the collection: `/api/v1/namespaces/web/pods`; a source's name. */
  readonly path: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

/**
 * The messages of `node:diagnostics_channel`, by the channel's name: docs/diagnostics-channels.md. Plain facts, never an
 * object or a part of it. `error`: why; only where something is wrong.
 *
 * @example
 * import { subscribe } from 'node:diagnostics_channel'
 * subscribe('kube-informer:watch:end', (message) => {
 *   const { resource, durationMs } = message as ChannelMessages['kube-informer:watch:end']
 *   console.log(resource, durationMs)
 * })
 */
export interface ChannelMessages {
  'kube-informer:informer:state': InformerScope & {
    readonly state: InformerState
    readonly previous: InformerState
    readonly attempt: number
    /** With `watching`, after a fault: how long it was not watching. */
    readonly downMs?: number
    readonly error?: KubeInformerError
  }
  'kube-informer:informer:synced': InformerScope & {
    readonly objects: number
    /** Since the start. */
    readonly durationMs: number
  }
  'kube-informer:list:start': InformerScope & {
    readonly mode: 'stream' | 'paged' | 'unpaged'
    readonly isRelist: boolean
    readonly isReset: boolean
    readonly error?: KubeInformerError
  }
  'kube-informer:list:end': InformerScope & {
    readonly isComplete: boolean
    readonly durationMs: number
    readonly error?: KubeInformerError
  }
  'kube-informer:watch:start': InformerScope & {
    readonly resourceVersion: string
  }
  'kube-informer:watch:end': InformerScope & {
    readonly durationMs: number
    readonly error?: KubeInformerError
  }
  'kube-informer:object:refused': InformerScope & {
    readonly key: string | undefined
    readonly resourceVersion: string
    readonly bytes: number
    readonly error: RefusedObject['error']
  }
  'kube-informer:warm-start:refused': InformerScope & {
    readonly error: KubeInformerError
  }
  'kube-informer:worker:death': InformerScope & {
    readonly threadId: number
    readonly error: KubeInformerError
  }
  'kube-informer:handler:error': InformerScope & {
    readonly key: string
    readonly handler: string
    /** As it was thrown. */
    readonly error: unknown
  }
}

export type ChannelName = keyof ChannelMessages

const names: Readonly<Record<ChannelName, true>> = {
  'kube-informer:informer:state': true,
  'kube-informer:informer:synced': true,
  'kube-informer:list:start': true,
  'kube-informer:list:end': true,
  'kube-informer:watch:start': true,
  'kube-informer:watch:end': true,
  'kube-informer:object:refused': true,
  'kube-informer:warm-start:refused': true,
  'kube-informer:worker:death': true,
  'kube-informer:handler:error': true,
}

// Held here for ever: a channel that nobody holds is collected, its subscribers with it.
export const channels: Readonly<Record<ChannelName, Channel>> = Object.fromEntries(
  Object.keys(names).map((name) => [name, channel(name)]),
) as Record<ChannelName, Channel>

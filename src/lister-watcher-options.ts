import { checkMethods, checkNames, checkType } from './base/check-options.ts'
import { invalidOption } from './errors.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import type { ListerWatcher, SourceObject } from './lister-watcher.ts'
import { checkResourceOptions, type ResourceOptions } from './options.ts'
import type { Wire } from './resources/wire.ts'

/** What a shared informer gives of a source's objects: as on the wire, also where the source gave client-node's models. */
export type Listed<T extends SourceObject> = T extends KubernetesObject ? T : Wire<T>

/** A user-supplied source, as the factory shares it: one informer per name and selection. */
export interface ListerWatcherOptions<T extends SourceObject = KubernetesObject> extends ResourceOptions {
  /** Names it in the factory, in states, stats and errors. */
  readonly name: string
  readonly listerWatcher: ListerWatcher<T>
  /** Handed to both functions as it is: what they do not honour is not filtered. */
  readonly labelSelector?: string
  /** The same. */
  readonly fieldSelector?: string
}

const known: readonly string[] = [
  'name',
  'listerWatcher',
  'labelSelector',
  'fieldSelector',
  'dropFields',
  'keepFields',
  'resyncPeriodMs',
  'transform',
]

/** @throws ERR_INVALID_OPTION; fields are looked at where they are parsed */
export function validateListerWatcherOptions(options: ListerWatcherOptions): void {
  checkNames('', options, known)
  const { name, listerWatcher, labelSelector, fieldSelector } = options
  if (typeof name !== 'string' || name === '') throw invalidOption('name', name, 'must be a text')
  checkMethods('listerWatcher', listerWatcher, ['list', 'watch'])
  checkType('labelSelector', labelSelector, 'string')
  checkType('fieldSelector', fieldSelector, 'string')
  checkResourceOptions(options)
}

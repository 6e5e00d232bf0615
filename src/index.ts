export type { ConnectionConfig } from './config/connection-config.ts'
export type { CoreV1Objects } from './core-v1.ts'
export { type ErrorCode, type ErrorFacts, errorCodes, KubeInformerError } from './errors.ts'
export type { IndexDefinition, Indexers, IndexFunc } from './indexer/indices.ts'
export type { Informer } from './informer.ts'
export {
  type CoreV1,
  createInformerFactory,
  type GroupVersionResource,
  type InformerFactory,
  type ResourceHandle,
  type SelectOptions,
} from './informer-factory.ts'
export type { InformerIndexer } from './informer-indexer.ts'
export type { InformerHealth, InformerState, InformerStats, RefusedObject } from './informer-stats.ts'
export type { KubernetesObject, ObjectMeta, OwnerReference, Wire } from './kubernetes-object.ts'
export type { Lister, ListOptions, ObjectName } from './lister.ts'
export type { ChangeCause } from './notify/change-sink.ts'
export type {
  AddEvent,
  BufferOptions,
  DeleteEvent,
  ListenerOptions,
  ResourceEventHandlers,
  UpdateEvent,
} from './notify/handlers.ts'
export type { ListenerStats, Registration } from './notify/registration.ts'
export type { ObjectList } from './object-list.ts'
export type { BoundsOptions, FieldOptions, InformerFactoryOptions } from './options.ts'

export type { Runtime, Timer } from './base/runtime.ts'
export { type Config, Controller } from './cache/controller.ts'
export { DeletedFinalStateUnknown } from './cache/deleted-final-state-unknown.ts'
export { DeltaFIFO, type DeltaFIFOOptions, type KeyListerGetter } from './cache/delta-fifo.ts'
export { type Delta, Deltas, type DeltaType } from './cache/deltas.ts'
export type { ErrorStage } from './cache/failures.ts'
export { type NewInformerOptions, newInformer, type ResourceEventHandlerFuncs } from './cache/new-informer.ts'
export {
  deletionHandlingMetaNamespaceKeyFunc,
  type KeyFunc,
  metaNamespaceIndexFunc,
  metaNamespaceKeyFunc,
  splitMetaNamespaceKey,
} from './cache/object-keys.ts'
export { newIndexer, newStore } from './cache/object-store.ts'
export type { PopOptions, ProcessFunc, Queue, ReflectorStore } from './cache/queue.ts'
export { Reflector, type ReflectorOptions, type ReflectorStats, type RunOptions } from './cache/reflector.ts'
export type { Indexer, IndexerOptions, Store, StoreOptions } from './cache/store.ts'
export { type Syncable, waitForCacheSync } from './cache/wait-for-cache-sync.ts'
export type { ConnectionConfig } from './config/connection-config.ts'
export type { ExplicitConnection } from './config/explicit-source.ts'
export type { Impersonation } from './config/impersonation.ts'
export type { KubeConfigFile } from './config/kube-config-file.ts'
export type { KubeConfigLike } from './config/kube-config-like.ts'
export type { EngineOptions } from './engine/engine.ts'
export { type ErrorCode, type ErrorFacts, errorCodes, KubeInformerError } from './errors.ts'
export type { IndexDefinition, Indexers, IndexFunc, LabelIndex } from './indexer/index-definition.ts'
export type { Informer } from './informer.ts'
export { createEngine, type EngineStats, type InformerEngine } from './informer-engine.ts'
export { createInformerFactory, type InformerFactory } from './informer-factory.ts'
export type { InformerIndexer } from './informer-indexer.ts'
export type {
  FactoryStats,
  InformerHealth,
  InformerState,
  InformerStats,
  RefusedObject,
  Staleness,
  VerifyStats,
} from './informer-stats.ts'
export type {
  JsonValue,
  KubernetesObject,
  ManagedFieldsEntry,
  ObjectMeta,
  OwnerReference,
  PartialObjectMetadata,
} from './kubernetes-object.ts'
export type { VerifyOptions, WaitOptions } from './life/cache-life.ts'
export type { StateChange, WatchFailure } from './life/informer-states.ts'
export type { WrittenObject } from './life/questions.ts'
export type { Snapshot } from './life/snapshot.ts'
export type { VerifyResult } from './life/verification.ts'
export type { Lister, ListOptions, ObjectName } from './lister.ts'
export type {
  ListerWatcher,
  SourceEvent,
  SourceList,
  SourceListOptions,
  SourceObject,
  SourceWatchOptions,
} from './lister-watcher.ts'
export type { Listed, ListerWatcherOptions } from './lister-watcher-options.ts'
export type { NamespaceSet, NamespacesInformer } from './namespace-set.ts'
export type { ChangeCause } from './notify/change-sink.ts'
export type {
  Change,
  Changes,
  ChangesOptions,
  ReplayChangesOptions,
  ReplayLoopChange,
  SyncChange,
} from './notify/changes.ts'
export type { DeliveryTotals } from './notify/delivery-totals.ts'
export { type FilteringOptions, filteringResourceEventHandler } from './notify/filtering-handler.ts'
export type { HandlerErrorContext, HandlerName } from './notify/handler-error.ts'
export type {
  AddEvent,
  BatchHandlers,
  BufferOptions,
  ChangeFacts,
  DeepReadonly,
  DeleteEvent,
  ListenerOptions,
  ObjectChange,
  ObjectHandlers,
  ResourceEventHandlers,
  SyncHandlers,
  UpdateEvent,
} from './notify/handlers.ts'
export type { LagOptions } from './notify/lag-signal.ts'
export type { ListenerStats, Registration } from './notify/registration.ts'
export type {
  ReplayBatchHandlers,
  ReplayBufferOptions,
  ReplayChange,
  ReplayDeleteEvent,
  ReplayEventHandlers,
  ReplayListenerOptions,
  ReplayObjectHandlers,
  ReplayUpdateEvent,
} from './notify/replay-handlers.ts'
export type { ObjectList } from './object-list.ts'
export type { ChannelMessages, InformerScope } from './observe/channels.ts'
export type { Logger } from './observe/logger.ts'
export type { MetricsRegistry } from './observe/metric.ts'
export type { MetricsOption } from './observe/metrics.ts'
export type { ObserveOptions } from './observe/options.ts'
export type { BoundsOptions, FieldOptions, InformerFactoryOptions, ResourceOptions } from './options.ts'
export type { WireError } from './protocol/error-wire.ts'
export type { Compression, ReflectorTiming, WatchCounters, WatchState } from './protocol/messages.ts'
export type {
  GroupVersionResource,
  HandleSelectOptions,
  MetadataOnly,
  ResourceHandle,
  SelectOptions,
} from './resource-handle.ts'
export type { BuiltInResources } from './resources/typed-groups.ts'
export type { BuiltInObjects } from './resources/types.ts'
export type { Wire, WireFields } from './resources/wire.ts'
export type { LabelSelectorInput, LabelSelectorObject } from './selectors/label-selector.ts'
export type { SharedIndexer, SharedInformer, SharedLister } from './shared-informer.ts'
export type { TransformOptions } from './transform-option.ts'
export type { SaveSnapshotOptions } from './warm-start/snapshot-saver.ts'
export { MaxOfLimiter, MaxWaitLimiter } from './workqueue/composed-limiters.ts'
export { defaultLimiter } from './workqueue/default-limiter.ts'
export type { DurationStats } from './workqueue/duration-meter.ts'
export { ExponentialLimiter, FastSlowLimiter } from './workqueue/failure-limiters.ts'
export { type ParallelizeUntilOptions, parallelizeUntil } from './workqueue/parallelize-until.ts'
export { priorities, priorityOf } from './workqueue/priorities.ts'
export type { RateLimiter } from './workqueue/rate-limiter.ts'
export {
  type Reconcile,
  type ReconcileContext,
  type ReconcileResult,
  type Requeue,
  type RunWorkersOptions,
  runWorkers,
} from './workqueue/run-workers.ts'
export { TokenBucketLimiter } from './workqueue/token-bucket-limiter.ts'
export type { AddOptions, WorkQueueOptions } from './workqueue/work-queue.ts'
export { WorkQueue } from './workqueue/work-queue.ts'
export type { WorkQueueStats } from './workqueue/work-queue-stats.ts'

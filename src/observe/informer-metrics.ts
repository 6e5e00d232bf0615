import type { InformerHealth, InformerStats } from '../informer-stats.ts'
import type { ListenerStats } from '../notify/registration.ts'
import { counter, gauge, type MetricDefinition } from './metric.ts'

export interface InformerSample {
  readonly stats: InformerStats
  readonly health: InformerHealth
}

/** client-go's name for what it had, too (`reflector_…`, `informer_…`); docs/metrics.md lists all. */
const own = (name: string): string => `kube_informer_${name}`

const sumOf = ({ listeners }: InformerStats, field: 'depth' | 'bytes' | 'inProgress'): number =>
  listeners.reduce((sum, listener) => sum + listener[field], 0)
const oldestMs = (listeners: readonly ListenerStats[]): number =>
  Math.max(0, ...listeners.map(({ oldestAgeMs }) => oldestAgeMs))
const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000)

/** As client-go does: the last 15 digits, which a double holds. */
const versionNumber = (version: string | undefined): number | undefined =>
  version !== undefined && /^\d+$/.test(version) ? Number(version.slice(-15)) : undefined

type Metric = MetricDefinition<InformerSample>

const reading: readonly Metric[] = [
  counter('reflector_lists_total', 'Lists begun.', ({ stats }) => stats.watch.lists),
  counter('reflector_watches_total', 'Watches begun.', ({ stats }) => stats.watch.watches),
  counter(
    'reflector_short_watches_total',
    'Watches that ended within a second without an event.',
    ({ stats }) => stats.watch.shortWatches,
  ),
  gauge(
    'reflector_last_resource_version',
    'The version up to which the cache is complete: its last 15 digits.',
    ({ stats }) => versionNumber(stats.lastSyncResourceVersion),
    'max',
  ),
  counter(own('relists_total'), 'Lists after the first complete one.', ({ stats }) => stats.watch.relists),
  counter(
    own('reconnects_total'),
    'Watches that ended otherwise than by a stop.',
    ({ stats }) => stats.watch.reconnects,
  ),
  counter(own('bookmarks_total'), 'Bookmarks read.', ({ stats }) => stats.watch.bookmarks),
  counter(own('events_total'), 'Objects taken in, of lists and watches.', ({ stats }) => stats.watch.events),
  counter(own('received_bytes_total'), 'Bytes read, unpacked.', ({ stats }) => stats.watch.bytesRead),
  counter(own('wire_bytes_total'), 'Bytes read as they came.', ({ stats }) => stats.watch.wireBytesRead),
  counter(own('transcode_seconds_total'), 'Time of workers with what came.', ({ stats }) =>
    seconds(stats.watch.transcodeMs),
  ),
  counter(own('merged_total'), 'Events merged in the queue.', ({ stats }) => stats.watch.merged),
  counter(
    own('dropped_stale_total'),
    'Events dropped because they were older than what was known.',
    ({ stats }) => stats.watch.droppedStale + stats.droppedStale,
  ),
  counter(own('refused_total'), 'Objects that could not be taken in.', ({ stats }) => stats.watch.refused),
  counter(own('found_by_list_total'), 'Deletes that no watch told.', ({ stats }) => stats.foundByList),
  counter(
    own('worker_restarts_total'),
    'Watches that lost their thread.',
    ({ stats }) => stats.workerRestarts,
  ),
  gauge(own('queue_objects'), 'Objects in the queue of the worker.', ({ stats }) => stats.watch.queueCount),
  gauge(own('queue_bytes'), 'Their bytes.', ({ stats }) => stats.watch.queueBytes),
  gauge(
    own('in_flight_bytes'),
    'Sent by the worker and not applied.',
    ({ stats }) => stats.watch.inFlightBytes,
  ),
  gauge(
    own('last_byte_age_seconds'),
    'Since the last byte was read.',
    ({ health }) => seconds(health.lastByteAgeMs),
    'max',
  ),
]

const cache: readonly Metric[] = [
  gauge(own('objects'), 'Objects cached.', ({ stats }) => stats.objects),
  gauge(own('live_bytes'), 'Bytes of the records in use.', ({ stats }) => stats.liveBytes),
  gauge(own('slab_bytes'), 'Memory that the records lie in.', ({ stats }) => stats.slabBytes),
  gauge(own('pinned_bytes'), 'Old states held for handlers and snapshots.', ({ stats }) => stats.pinnedBytes),
  gauge(own('tombstones'), 'Deleted keys still remembered.', ({ stats }) => stats.tombstones),
  gauge(
    own('refused_objects'),
    'Objects whose newest version is not cached.',
    ({ health }) => health.refused.length,
  ),
  gauge(
    own('fresh'),
    '1: what is cached is current; 0: see health().',
    ({ health }) => Number(health.isFresh),
    'min',
  ),
  gauge(
    own('synced'),
    '1: the cache has held a complete list.',
    ({ health }) => Number(health.hasSynced),
    'min',
  ),
  gauge(own('failed_attempts'), 'Failed attempts in a row.', ({ health }) => health.attempt, 'max'),
]

const delivery: readonly Metric[] = [
  counter(own('delivered_total'), 'Changes handed to handlers.', ({ stats }) => stats.delivery.delivered),
  counter(
    own('listener_merged_total'),
    'Changes merged in listener buffers.',
    ({ stats }) => stats.delivery.merged,
  ),
  counter(
    own('listener_unchanged_total'),
    'Updates that `when` kept back.',
    ({ stats }) => stats.delivery.unchanged,
  ),
  counter(
    own('listener_dropped_total'),
    'Changes dropped with a full buffer, to be compared later.',
    ({ stats }) => stats.delivery.dropped,
  ),
  counter(own('listener_desyncs_total'), 'Buffers dropped.', ({ stats }) => stats.delivery.desyncs),
  counter(own('handler_errors_total'), 'Handler calls that failed.', ({ stats }) => stats.delivery.errors),
  counter(
    own('handler_abandoned_total'),
    'Calls that a drain did not wait for.',
    ({ stats }) => stats.delivery.abandoned,
  ),
  counter(own('handler_seconds_total'), 'Time of your thread in handlers.', ({ stats }) =>
    seconds(stats.delivery.handlerMs),
  ),
  gauge(own('handlers'), 'Registrations.', ({ stats }) => stats.listeners.length),
  gauge(own('handler_calls'), 'Async calls that have not settled.', ({ stats }) =>
    sumOf(stats, 'inProgress'),
  ),
  gauge(own('listener_depth'), 'Changes that wait for handlers.', ({ stats }) => sumOf(stats, 'depth')),
  gauge(own('listener_bytes'), 'Bytes of what waits.', ({ stats }) => sumOf(stats, 'bytes')),
  gauge(
    own('listener_oldest_age_seconds'),
    'How long the oldest change has waited.',
    ({ stats }) => seconds(oldestMs(stats.listeners)),
    'max',
  ),
]

export const informerMetrics: readonly Metric[] = [...reading, ...cache, ...delivery]

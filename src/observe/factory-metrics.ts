import type { FactoryStats } from '../informer-stats.ts'
import { counter, gauge, type MetricDefinition } from './metric.ts'

/** Factories without names show as one: what they may share with an engine is not added up. */
export const factoryMetrics: readonly MetricDefinition<FactoryStats>[] = [
  gauge('kube_informer_threads', 'Worker threads.', ({ threads }) => threads, 'max'),
  gauge(
    'kube_informer_memory_bytes',
    'Of all queues, batches and objects on their way.',
    ({ memoryBytes }) => memoryBytes,
    'max',
  ),
  gauge(
    'kube_informer_queued_watches',
    'Watches without a thread.',
    ({ queuedWatches }) => queuedWatches,
    'max',
  ),
  counter(
    'kube_informer_main_seconds_total',
    'Work of engine and handlers on your thread.',
    ({ slices }) => slices.busyMs / 1000,
  ),
  gauge(
    'kube_informer_main_slice_max_seconds',
    'The longest turn of it.',
    ({ slices }) => slices.maxMs / 1000,
    'max',
  ),
]

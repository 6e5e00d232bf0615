import { counter, gauge, type MetricDefinition, summary } from '../observe/metric.ts'
import type { WorkQueueStats } from './work-queue-stats.ts'

/** client-go's seven, under its names. */
export const workQueueMetrics: readonly MetricDefinition<WorkQueueStats>[] = [
  gauge('workqueue_depth', 'Items that a worker could take now.', ({ depth }) => depth),
  counter('workqueue_adds_total', 'Items accepted.', ({ adds }) => adds),
  counter('workqueue_retries_total', 'Delayed and rate limited adds.', ({ retries }) => retries),
  summary(
    'workqueue_queue_duration_seconds',
    'From the add of an item to its worker.',
    ({ latency }) => latency.sumMs / 1000,
    ({ latency }) => latency.count,
  ),
  summary(
    'workqueue_work_duration_seconds',
    'From the get of an item to its done.',
    ({ workDuration }) => workDuration.sumMs / 1000,
    ({ workDuration }) => workDuration.count,
  ),
  gauge(
    'workqueue_unfinished_work_seconds',
    'How long all items in process have been so, in sum.',
    ({ unfinishedWorkMs }) => unfinishedWorkMs / 1000,
  ),
  gauge(
    'workqueue_longest_running_processor_seconds',
    'The longest of them.',
    ({ longestRunningMs }) => longestRunningMs / 1000,
    'max',
  ),
]

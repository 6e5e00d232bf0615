import { checkMethods } from '../base/check-options.ts'
import { invalidOption } from '../errors.ts'
import { type MetricDefinition, type MetricSource, type MetricsRegistry, ScrapedMetric } from './metric.ts'

/** One registry, or several: each gets everything. */
export type MetricsOption = MetricsRegistry | readonly MetricsRegistry[]

const methods: readonly (keyof MetricsRegistry)[] = [
  'registerMetric',
  'getSingleMetric',
  'removeSingleMetric',
]

function registriesOf(metrics: MetricsOption | undefined): readonly MetricsRegistry[] {
  if (metrics === undefined) return []
  return isList(metrics) ? metrics : [metrics]
}

function isList(metrics: MetricsOption): metrics is readonly MetricsRegistry[] {
  return Array.isArray(metrics)
}

/** @throws ERR_INVALID_OPTION for what is no registry, and for one that has metrics of these names from elsewhere */
export function checkMetrics(
  metrics: MetricsOption | undefined,
  definitions: readonly { readonly name: string }[],
): void {
  for (const registry of registriesOf(metrics)) {
    checkMethods('metrics', registry, methods)
    const taken = definitions.filter(({ name }) => {
      const metric = registry.getSingleMetric(name)
      return metric !== undefined && !(metric instanceof ScrapedMetric)
    })
    if (taken.length === 0) continue
    const names = taken.map(({ name }) => name).join(', ')
    throw invalidOption('metrics', names, 'the registry has metrics of these names already')
  }
}

/**
 * Adds the source to every registry, beside those that are there: two factories, or queues, on one registry both show.
 *
 * The option must have been checked.
 *
 * @returns what removes it again, and with the last source the metrics themselves
 */
export function addMetrics<S>(
  metrics: MetricsOption | undefined,
  definitions: readonly MetricDefinition<S>[],
  source: MetricSource<S>,
): () => void {
  const registries = registriesOf(metrics)
  for (const registry of registries) {
    for (const definition of definitions) metricOf(registry, definition).add(source)
  }
  return () => {
    for (const registry of registries) {
      for (const { name } of definitions) {
        const metric = registry.getSingleMetric(name)
        // Cleared by its owner meanwhile, perhaps.
        if (!(metric instanceof ScrapedMetric)) continue
        metric.delete(source)
        if (metric.isEmpty) registry.removeSingleMetric(name)
      }
    }
  }
}

function metricOf<S>(registry: MetricsRegistry, definition: MetricDefinition<S>): ScrapedMetric<S> {
  const known = registry.getSingleMetric(definition.name)
  if (known instanceof ScrapedMetric) return known as ScrapedMetric<S>
  const metric = new ScrapedMetric(definition)
  registry.registerMetric(metric)
  return metric
}

import { checkMethods } from '../base/check-options.ts'
import { invalidOption, KubeInformerError } from '../errors.ts'
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

/** @throws ERR_INVALID_OPTION for what is no registry, one that throws, and one that has metrics of these names from elsewhere */
export function checkMetrics(
  metrics: MetricsOption | undefined,
  definitions: readonly { readonly name: string }[],
): void {
  for (const registry of registriesOf(metrics)) {
    checkMethods('metrics', registry, methods)
    const taken = definitions.filter(({ name }) => {
      const metric = metricIn(registry, name)
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
 * @returns what removes it again, and with the last source the metrics themselves; never throws
 * @throws ERR_INVALID_OPTION for a registry that throws; nothing was added then
 */
export function addMetrics<S>(
  metrics: MetricsOption | undefined,
  definitions: readonly MetricDefinition<S>[],
  source: MetricSource<S>,
): () => void {
  const removals: (() => void)[] = []
  const removeAll = (): void => {
    for (const remove of removals.splice(0)) remove()
  }
  try {
    for (const registry of registriesOf(metrics)) {
      for (const definition of definitions) {
        const { name } = definition
        const known = metricIn(registry, name)
        const metric =
          known instanceof ScrapedMetric ? (known as ScrapedMetric<S>) : new ScrapedMetric(definition)
        metric.add(source)
        // Before it is registered: a registry may throw when it has it already.
        removals.push(() => {
          metric.delete(source)
          if (metric.isEmpty) removeMetric(registry, name, metric)
        })
        if (metric !== known) register(registry, metric)
      }
    }
  } catch (error) {
    removeAll()
    throw error
  }
  return removeAll
}

function metricIn(registry: MetricsRegistry, name: string): unknown {
  try {
    return registry.getSingleMetric(name)
  } catch (error) {
    throw registryError('getSingleMetric', error)
  }
}

function register(registry: MetricsRegistry, metric: object): void {
  try {
    registry.registerMetric(metric)
  } catch (error) {
    throw registryError('registerMetric', error)
  }
}

/** A registry that throws keeps a metric without a value: no reason to leave the rest of a close undone. */
function removeMetric(registry: MetricsRegistry, name: string, metric: object): void {
  try {
    // Cleared by its owner meanwhile, perhaps, and filled by others.
    if (registry.getSingleMetric(name) === metric) registry.removeSingleMetric(name)
  } catch {}
}

function registryError(method: keyof MetricsRegistry, cause: unknown): KubeInformerError {
  return new KubeInformerError('ERR_INVALID_OPTION', `option metrics: the registry's ${method} throws`, {
    facts: { option: 'metrics' },
    cause,
  })
}

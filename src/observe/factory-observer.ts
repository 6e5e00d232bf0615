import type { FactoryStats } from '../informer-stats.ts'
import { factoryMetrics } from './factory-metrics.ts'
import { type InformerSample, informerMetrics } from './informer-metrics.ts'
import { InformerObserver } from './informer-observer.ts'
import { SafeLogger } from './logger.ts'
import { MetricSource } from './metric.ts'
import { addMetrics } from './metrics.ts'
import type { ObserveOptions } from './options.ts'

export interface ObservedFactory {
  stats(): FactoryStats
  /** Of the informers that `stats()` has, in the same order. */
  health(): readonly InformerSample['health'][]
}

export interface ObservedInformer {
  readonly resource: string
  readonly template: {
    readonly path: string
    readonly labelSelector?: string
    readonly fieldSelector?: string
    readonly source?: 'all' | 'lists'
    readonly timing: { readonly silenceMs: number }
  }
}

/** Without a factory there is neither name nor log. */
export function observerOf(
  what: ObservedInformer & { readonly observer?: FactoryObserver },
  nowMs: () => number,
): InformerObserver {
  return what.observer?.informer(what, nowMs) ?? observe(what, nowMs, '', undefined)
}

function observe(
  { resource, template }: ObservedInformer,
  nowMs: () => number,
  factory: string,
  logger: SafeLogger | undefined,
): InformerObserver {
  const { path, labelSelector, fieldSelector, source, timing } = template
  return new InformerObserver({
    scope: {
      factory,
      resource,
      path,
      ...(labelSelector !== undefined && { labelSelector }),
      ...(fieldSelector !== undefined && { fieldSelector }),
    },
    nowMs,
    // A source that has nothing to say looks as one that is dead; only a server sends bookmarks.
    silenceMs: source === 'all' ? Number.POSITIVE_INFINITY : timing.silenceMs,
    logger,
  })
}

/** What stands between a factory and who watches it: makes its informers' observers, and shows its metrics until it closes. */
export class FactoryObserver {
  readonly #name: string
  readonly #logger: SafeLogger | undefined
  readonly #removals: readonly (() => void)[]

  /** The options must have been checked. @throws ERR_INVALID_OPTION for a registry that throws; it has nothing of this then */
  constructor(options: ObserveOptions, factory: ObservedFactory) {
    const { name = '', logger, metrics } = options
    this.#name = name
    this.#logger = logger && new SafeLogger(logger)
    const whose = name === '' ? {} : { factory: name }
    const informers = new MetricSource(() => {
      const health = factory.health()
      return factory.stats().informers.map((stats, at) => ({
        labels: { ...whose, resource: stats.resource },
        sample: { stats, health: health[at] as InformerSample['health'] },
      }))
    })
    const shared = new MetricSource(() => [{ labels: whose, sample: factory.stats() }])
    const removeInformers = addMetrics(metrics, informerMetrics, informers)
    try {
      this.#removals = [removeInformers, addMetrics(metrics, factoryMetrics, shared)]
    } catch (error) {
      removeInformers()
      throw error
    }
  }

  /** Somebody hears of handlers' errors. */
  get hasLogger(): boolean {
    return this.#logger !== undefined
  }

  informer(what: ObservedInformer, nowMs: () => number): InformerObserver {
    return observe(what, nowMs, this.#name, this.#logger)
  }

  close(): void {
    for (const remove of this.#removals) remove()
    this.#logger?.log('info', { factory: this.#name }, 'factory closed')
  }
}

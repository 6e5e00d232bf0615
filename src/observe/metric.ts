/** What is used of prom-client's `Registry`. */
export interface MetricsRegistry {
  registerMetric(metric: object): void
  getSingleMetric(name: string): unknown
  removeSingleMetric(name: string): void
}

type MetricLabels = Readonly<Record<string, string>>

/** Several values of equal labels (selections of one resource, factories without names) become one. */
type Combine = 'sum' | 'max' | 'min'

interface MetricPart<S> {
  /** `_sum` and `_count` of a summary; else `''`. */
  readonly suffix: string
  /** undefined: it has none, and no line. */
  readonly read: (sample: S) => number | undefined
}

export interface MetricDefinition<S> {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'summary'
  readonly combine: Combine
  readonly parts: readonly MetricPart<S>[]
}

export interface LabelledSample<S> {
  readonly labels: MetricLabels
  readonly sample: S
}

interface MetricValue {
  value: number
  readonly labels: MetricLabels
  readonly metricName?: string
}

type Read<S> = (sample: S) => number | undefined

export function counter<S>(name: string, help: string, read: Read<S>): MetricDefinition<S> {
  return { name, help, type: 'counter', combine: 'sum', parts: [{ suffix: '', read }] }
}

export function gauge<S>(
  name: string,
  help: string,
  read: Read<S>,
  combine: Combine = 'sum',
): MetricDefinition<S> {
  return { name, help, type: 'gauge', combine, parts: [{ suffix: '', read }] }
}

/** Sum and count alone: quantiles of several cannot be combined. */
export function summary<S>(name: string, help: string, sum: Read<S>, count: Read<S>): MetricDefinition<S> {
  const parts = [
    { suffix: '_sum', read: sum },
    { suffix: '_count', read: count },
  ]
  return { name, help, type: 'summary', combine: 'sum', parts }
}

/** Where samples come from. All metrics of one scrape share one look. */
export class MetricSource<S> {
  readonly #look: () => readonly LabelledSample<S>[]
  #seen: readonly LabelledSample<S>[] | undefined

  constructor(look: () => readonly LabelledSample<S>[]) {
    this.#look = look
  }

  samples(): readonly LabelledSample<S>[] {
    if (this.#seen === undefined) {
      this.#seen = this.#look()
      // A registry asks all its metrics in one go, without a turn between them.
      queueMicrotask(() => {
        this.#seen = undefined
      })
    }
    return this.#seen
  }
}

/**
 * A metric as prom-client's registry wants it, made of what its sources say when it is scraped. prom-client's own classes
 * come from the user's copy of it, which only the registry knows.
 */
export class ScrapedMetric<S> {
  /** A registry for OpenMetrics takes `_total` off. */
  name: string
  readonly help: string
  readonly type: string
  readonly aggregator: string
  readonly #definition: MetricDefinition<S>
  readonly #sources = new Set<MetricSource<S>>()

  constructor(definition: MetricDefinition<S>) {
    this.name = definition.name
    this.help = definition.help
    this.type = definition.type
    this.aggregator = definition.combine
    this.#definition = definition
  }

  get isEmpty(): boolean {
    return this.#sources.size === 0
  }

  add(source: MetricSource<S>): void {
    this.#sources.add(source)
  }

  delete(source: MetricSource<S>): void {
    this.#sources.delete(source)
  }

  async get(): Promise<object> {
    const { name, help, type, aggregator } = this
    return { name, help, type, aggregator, values: this.#values() }
  }

  /** Asked for by `registry.resetMetrics()`: what is counted elsewhere cannot be. */
  reset(): void {}

  #values(): readonly MetricValue[] {
    const { parts, combine } = this.#definition
    const values = new Map<string, MetricValue>()
    for (const source of this.#sources) {
      for (const { labels, sample } of source.samples()) {
        for (const { suffix, read } of parts) {
          const value = read(sample)
          if (value === undefined) continue
          const key = JSON.stringify([suffix, labels])
          const known = values.get(key)
          if (known !== undefined) known.value = combined(combine, known.value, value)
          else values.set(key, { value, labels, ...(suffix !== '' && { metricName: this.name + suffix }) })
        }
      }
    }
    return [...values.values()]
  }
}

function combined(combine: Combine, one: number, other: number): number {
  return combine === 'sum' ? one + other : Math[combine](one, other)
}

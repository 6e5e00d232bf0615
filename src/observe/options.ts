import { checkMethods, checkType } from '../base/check-options.ts'
import { factoryMetrics } from './factory-metrics.ts'
import { informerMetrics } from './informer-metrics.ts'
import { type Logger, logMethods } from './logger.ts'
import { checkMetrics, type MetricsOption } from './metrics.ts'

/** What a factory tells of itself, and to whom. Nothing by default; nothing is computed that nobody asks for. */
export interface ObserveOptions {
  /** Tells factories of one process apart: label of metrics, `factory` of log lines and channel messages. @default '' */
  readonly name?: string
  /**
   * Pino, or what has its form: docs/logging.md. It gets handlers' errors instead of process warnings.
   * @default nothing is logged
   */
  readonly logger?: Logger
  /**
   * prom-client's `Registry`, or several, each of which gets all metrics (docs/metrics.md). They are read when it is
   * scraped, and gone when the factory is closed.
   */
  readonly metrics?: MetricsOption
}

export const observeOptionNames: readonly (keyof ObserveOptions)[] = ['name', 'logger', 'metrics']

/** @throws ERR_INVALID_OPTION */
export function checkObserveOptions({ name, logger, metrics }: ObserveOptions): void {
  checkType('name', name, 'string')
  if (logger !== undefined) {
    checkMethods('logger', logger, logMethods)
    checkType('logger.child', logger.child, 'function')
  }
  checkMetrics(metrics, [...informerMetrics, ...factoryMetrics])
}

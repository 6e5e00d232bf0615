import {
  checkNames,
  checkObject,
  checkType,
  checkWhole,
  timerMsMax,
  type WholeRange,
} from '../base/check-options.ts'
import { invalidOption, unknownOption } from '../errors.ts'
import { checkWhen } from './change-filter.ts'
import { checkLag } from './lag-signal.ts'
import type { AnyListenerOptions } from './replay-handlers.ts'

/** What becomes of changes above the bounds. */
export type Overflow = 'coalesce' | 'replay' | 'backpressure'

const overflows: readonly Overflow[] = ['coalesce', 'replay', 'backpressure']

/** {@link ListenerOptions} with every default filled in. */
export interface ListenerLimits {
  readonly countMax: number
  readonly bytesMax: number
  readonly overflow: Overflow
  readonly concurrency: number
  readonly batchCountMax: number
  readonly resyncPeriodMs: number
  readonly drainMs: number
  readonly when: readonly string[] | undefined
  readonly lag: AnyListenerOptions['lag']
  readonly onHandlerError: AnyListenerOptions['onHandlerError']
}

/** @throws ERR_INVALID_OPTION naming the option, its value and what is allowed */
export function listenerLimits(options: AnyListenerOptions & { readonly drainMs?: number }): ListenerLimits {
  checkNames('', options, [
    ...['buffer', 'concurrency', 'batchCountMax', 'resyncPeriodMs', 'when', 'lag', 'onHandlerError'],
    ...['signal', 'drainMs'],
  ])
  const { buffer = {} }: { readonly buffer?: AnyListenerOptions['buffer'] } = options
  checkNames('buffer', buffer, ['countMax', 'bytesMax', 'overflow'])
  const { overflow = 'coalesce' } = buffer
  if (!overflows.includes(overflow)) {
    throw invalidOption('buffer.overflow', overflow, `must be one of ${overflows.join(', ')}`)
  }
  checkLag(options.lag)
  checkType('onHandlerError', options.onHandlerError, 'function')
  return {
    countMax: whole('buffer.countMax', buffer.countMax, 10_000, [1, Number.MAX_SAFE_INTEGER]),
    bytesMax: whole('buffer.bytesMax', buffer.bytesMax, 16 * 1024 * 1024, [1, Number.MAX_SAFE_INTEGER]),
    overflow,
    concurrency: whole('concurrency', options.concurrency, 1, [1, 100_000]),
    batchCountMax: whole('batchCountMax', options.batchCountMax, 1_000, [1, 1_000_000]),
    resyncPeriodMs: whole('resyncPeriodMs', options.resyncPeriodMs, 0, [0, timerMsMax]),
    drainMs: whole('drainMs', options.drainMs, 5_000, [0, timerMsMax]),
    when: checkWhen(options.when),
    lag: options.lag,
    onHandlerError: options.onHandlerError,
  }
}

const objectHandlerNames: readonly string[] = ['onAdd', 'onUpdate', 'onDelete']
const handlerNames: readonly string[] = [...objectHandlerNames, 'onChanges', 'onSynced', 'onDesynced']

const handlersShape = 'must be an object with a handler such as { onAdd(event) {} }'

/** @throws ERR_INVALID_OPTION when one of the callbacks is no function, or none is there */
export function checkHandlers(handlers: unknown): asserts handlers is object {
  checkObject('handlers', handlers, handlersShape)
  // A misspelt handler would never be called. Only own keys: an object of a class may have other methods.
  for (const [name, value] of Object.entries(handlers)) {
    const isMisspelt = /^on[A-Z]/.test(name) && typeof value === 'function' && !handlerNames.includes(name)
    if (isMisspelt) throw unknownOption(name, handlerNames)
  }
  let count = 0
  for (const name of handlerNames) {
    const handler: unknown = Reflect.get(handlers, name)
    checkType(name, handler, 'function')
    if (handler !== undefined) count++
  }
  if (Reflect.get(handlers, 'onChanges') !== undefined) {
    const other = objectHandlerNames.find((name) => Reflect.get(handlers, name) !== undefined)
    if (other !== undefined)
      throw invalidOption('onChanges', `beside ${other}`, 'takes the place of all three')
  }
  if (count === 0) throw invalidOption('handlers', 'an object without any', handlersShape)
}

/** @throws ERR_INVALID_OPTION: an option for batches would do nothing where there are none */
export function checkBatchOptions(handlers: object, { batchCountMax }: AnyListenerOptions): void {
  if (batchCountMax !== undefined && Reflect.get(handlers, 'onChanges') === undefined) {
    throw invalidOption('batchCountMax', batchCountMax, 'needs onChanges')
  }
}

function whole(name: string, value: number | undefined, fallback: number, range: WholeRange): number {
  checkWhole(name, value, range)
  return value ?? fallback
}

import { checkMethods, checkType, checkWhole, timerMsMax } from '../base/check-options.ts'
import type { Runtime } from '../base/runtime.ts'
import type { ReflectorTiming } from '../protocol/messages.ts'
import { checkTiming } from '../reflector/timing.ts'

/** What Reflector, Controller and newInformer have in common. As callers without a compiler may write it. */
export interface SourceOptions {
  readonly listerWatcher: unknown
  readonly onError?: unknown
  readonly timing?: Partial<ReflectorTiming>
  readonly runtime?: Runtime
}

export const sourceOptionNames: readonly string[] = ['listerWatcher', 'onError', 'timing', 'runtime']

/** @throws ERR_INVALID_OPTION */
export function checkSourceOptions({ listerWatcher, onError, timing, runtime }: SourceOptions): void {
  checkMethods('listerWatcher', listerWatcher, ['list', 'watch'])
  checkType('onError', onError, 'function')
  if (timing !== undefined) checkTiming(timing)
  if (runtime !== undefined) checkMethods('runtime', runtime, ['nowMs', 'random', 'setTimer', 'defer'])
}

/** By the name that its caller knows it by. @throws ERR_INVALID_OPTION */
export function checkPeriod(name: string, periodMs: unknown): void {
  checkWhole(name, periodMs, [0, timerMsMax])
}

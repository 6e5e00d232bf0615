import { checkNames, checkWhole, timerMsMax } from '../base/check-options.ts'
import { given } from '../base/given.ts'
import type { ReflectorTiming } from '../protocol/messages.ts'

/** client-go's, where it has them. */
export const defaultTiming: ReflectorTiming = {
  silenceMs: 70_000,
  backoffBaseMs: 800,
  backoffMaxMs: 30_000,
  backoffResetMs: 120_000,
  watchTimeoutMinMs: 300_000,
  watchListProgressMs: 30_000,
  watchListTotalMs: 600_000,
  absentAfterMs: 30_000,
  pageSize: 500,
}

/** An option that is there but undefined means the default, too: as a time, it would be a timer without delay. */
export function timingOf(timing: Partial<ReflectorTiming> = {}): ReflectorTiming {
  return { ...defaultTiming, ...given(timing) }
}

/** 0 would be a timer without delay, and a request after the other. @throws ERR_INVALID_OPTION */
export function checkTiming(timing: Partial<ReflectorTiming>): void {
  checkNames('timing', timing, Object.keys(defaultTiming))
  for (const [name, value] of Object.entries(timing)) checkWhole(`timing.${name}`, value, [1, timerMsMax])
}

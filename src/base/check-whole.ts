import { invalidOption } from '../errors.ts'

/** Longest delay a timer takes; above, Node fires at once. */
export const timerMsMax: number = 2 ** 31 - 1

/** @throws ERR_INVALID_OPTION unless `value` is a whole number in [min, max] */
export function checkWhole(name: string, value: unknown, [min, max]: readonly [number, number]): void {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
    throw invalidOption(name, value, `must be a whole number from ${min} to ${max}`)
  }
}

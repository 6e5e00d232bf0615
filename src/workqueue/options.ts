import { checkWhole } from '../base/check-options.ts'
import { invalidOption, wrongType } from '../errors.ts'

/** @throws ERR_INVALID_OPTION unless `value`, which must be given, is a finite number of at least `min` */
export function finite(option: string, value: number, min: number = Number.NEGATIVE_INFINITY): number {
  const allowed = `must be a finite number${min === Number.NEGATIVE_INFINITY ? '' : ` of at least ${min}`}`
  if (typeof value !== 'number') throw wrongType(option, value, allowed)
  if (!Number.isFinite(value) || value < min) throw invalidOption(option, value, allowed)
  return value
}

/** @throws ERR_INVALID_OPTION unless `value`, which must be given, is a whole number from `min` to `max` */
export function whole(
  option: string,
  value: number,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  checkWhole(option, finite(option, value), [min, max])
  return value
}

/** @throws ERR_INVALID_OPTION unless `value`, which must be given, has these methods */
export function methods(option: string, value: object, names: readonly string[]): void {
  for (const name of names) {
    if (typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function')
      continue
    throw wrongType(option, value, `must have ${names.join(', ')}`)
  }
}

/** Loops that one call may start: a bound where a wrong number would else end the process. */
export const concurrencyMax = 100_000

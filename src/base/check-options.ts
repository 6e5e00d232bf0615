import { invalidOption, unknownOption, wrongType } from '../errors.ts'

/** Smallest and largest value of an option that is a whole number. */
export type WholeRange = readonly [min: number, max: number]

/** Longest delay a timer takes; above, Node fires at once. */
export const timerMsMax: number = 2 ** 31 - 1

/** Each of these throws ERR_INVALID_OPTION with the option's name and what is allowed; undefined is no value. */
export function checkWhole(name: string, value: unknown, [min, max]: WholeRange): void {
  if (value === undefined) return
  const allowed = `must be a whole number from ${min} to ${max}`
  if (typeof value !== 'number') throw wrongType(name, value, allowed)
  if (!Number.isSafeInteger(value) || value < min || value > max) throw invalidOption(name, value, allowed)
}

export function checkType(name: string, value: unknown, type: 'string' | 'boolean' | 'function'): void {
  if (value !== undefined && typeof value !== type) throw wrongType(name, value, `must be a ${type}`)
}

/** Of an option that must be there. */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw wrongType(name, value, 'must be a function')
}

/** Of an option that must be there, made by the caller or by this package: whatever has the methods will do. */
export function checkMethods(name: string, value: unknown, methods: readonly string[]): void {
  const missing = methods.filter((method) => typeof Reflect.get(Object(value), method) !== 'function')
  if (missing.length === 0) return
  throw wrongType(name, value, `must be an object with ${methods.join(', ')}; it lacks ${missing.join(', ')}`)
}

/** An array, or nothing at all, has no names that could be wrong: it would pass for an object without options. */
export function checkObject(name: string, value: unknown, allowed: string): asserts value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrongType(name, value, allowed)
}

/** A misspelt option would silently be its default. `name` is empty for the options themselves. */
export function checkNames(name: string, options: unknown, known: readonly string[]): void {
  checkObject(name || 'options', options, `must be an object with any of ${known.join(', ')}`)
  for (const [key, value] of Object.entries(options)) {
    if (value !== undefined && !known.includes(key)) {
      throw unknownOption(name === '' ? key : `${name}.${key}`, known)
    }
  }
}

/**
 * By its form, so that one of another realm or a stand-in is taken: anything else would never end what it was to end.
 *
 * @throws ERR_INVALID_OPTION
 */
export function checkSignal(name: string, value: unknown): void {
  if (value === undefined) return
  const isSignal =
    typeof value === 'object' &&
    value !== null &&
    typeof Reflect.get(value, 'aborted') === 'boolean' &&
    typeof Reflect.get(value, 'addEventListener') === 'function' &&
    typeof Reflect.get(value, 'removeEventListener') === 'function'
  if (!isSignal) throw wrongType(name, value, "must be an AbortSignal, such as an AbortController's signal")
}

/** Of whatever takes a signal and nothing else. */
export function checkSignalOptions(options: unknown): void {
  checkNames('', options, ['signal'])
  checkSignal('signal', Reflect.get(Object(options), 'signal'))
}

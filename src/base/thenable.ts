/** By its form, as `await` does: promises may be of another realm or library. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === undefined || value === null) return false
  if (typeof value !== 'object' && typeof value !== 'function') return false
  return typeof Reflect.get(value, 'then') === 'function'
}

/** Freezes plain data in place and returns it. What is frozen already is taken to be so all the way down. */
export function deepFreeze<T>(value: T): T {
  const waiting: unknown[] = [value]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (typeof next !== 'object' || next === null || Object.isFrozen(next)) continue
    // Bytes cannot be frozen.
    if (ArrayBuffer.isView(next)) continue
    Object.freeze(next)
    for (const member of Object.values(next)) waiting.push(member)
  }
  return value
}

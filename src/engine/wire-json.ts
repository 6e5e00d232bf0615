import { setOwn } from '../protocol/json-text.ts'

/**
 * An object as the API writes it. Plain objects are written as they are. What the typed calls of client-node give names
 * some members after its own rules (`_from`, `_continue`) and has dates for texts: such models say themselves how their
 * members are called on the wire, and are written so, or a list would not equal what a watch tells later.
 *
 * @throws whatever JSON.stringify throws (cycles, BigInt, a `toJSON` that throws), TypeError for what has no JSON
 */
export function wireJson(value: unknown): string {
  const text: string | undefined = JSON.stringify(attributesOf(value) === undefined ? value : wireOf(value))
  if (text === undefined) throw new TypeError(`a ${typeof value} has no JSON`)
  return text
}

interface Attribute {
  readonly name: string
  readonly baseName: string
}

function attributesOf(value: unknown): readonly Attribute[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const made = value.constructor as { getAttributeTypeMap?: () => readonly Attribute[] } | undefined
  return typeof made?.getAttributeTypeMap === 'function' ? made.getAttributeTypeMap() : undefined
}

function wireOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(wireOf)
  if (value instanceof Date) return dateText(value)
  const attributes = attributesOf(value)
  const wire: Record<string, unknown> = {}
  if (attributes === undefined) {
    for (const [key, member] of Object.entries(value)) setOwn(wire, key, wireOf(member))
    return wire
  }
  for (const { name, baseName } of attributes) {
    const member: unknown = Reflect.get(value, name)
    if (member !== undefined) wire[baseName] = wireOf(member)
  }
  return wire
}

/** The API writes whole seconds without a fraction; its times with microseconds are a class of their own. */
function dateText(date: Date): string | null {
  const text: string | null = date.toJSON()
  return text?.endsWith('.000Z') ? `${text.slice(0, -'.000Z'.length)}Z` : text
}

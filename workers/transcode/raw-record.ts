import type { FieldPlan } from '../../src/protocol/field-plan.ts'
import { parseJsonText } from '../../src/protocol/json-text.ts'
import type { NormalJson } from './normalise-json.ts'

/** What an object that goes as JSON text says about itself. Slow: it is parsed for that. */
export interface RawFacts {
  readonly name: string | undefined
  readonly namespace: string | undefined
  readonly uid: string | undefined
  readonly version: string | undefined
  readonly hasEscapedKeys: boolean
  /** By column: its values; of a hash column the value as some JSON text that is the same for equal values. */
  readonly columns: string[][]
}

/** Source text of a number: columns show numbers as the server wrote them. */
class NumberText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export function rawFacts(json: NormalJson, plan: FieldPlan, columnCount: number): RawFacts {
  const object = parseJsonText(json.text, false, (number) => new NumberText(number))
  const columns: string[][] = Array.from({ length: columnCount }, () => [])
  collect(object, plan, columns)
  const metadata = member(object, 'metadata')
  return {
    name: textOf(member(metadata, 'name')),
    namespace: textOf(member(metadata, 'namespace')),
    uid: textOf(member(metadata, 'uid')),
    version: textOf(member(metadata, 'resourceVersion')),
    hasEscapedKeys: json.hasEscapedKeys,
    columns,
  }
}

export interface TypeMeta {
  readonly apiVersion: string
  readonly kind: string
}

/** What the object lacks of apiVersion and kind, as first keys. */
export function withTypeMeta(text: string, typeMeta: TypeMeta): string {
  const object = parseJsonText(text, false)
  const lacking: string[] = []
  for (const key of ['apiVersion', 'kind'] as const) {
    if (!isObject(object) || !Object.hasOwn(object, key)) {
      lacking.push(`${JSON.stringify(key)}:${JSON.stringify(typeMeta[key])}`)
    }
  }
  const rest = text.slice(1)
  return lacking.length === 0 ? text : `{${lacking.join(',')}${rest === '}' ? '' : ','}${rest}`
}

function collect(value: unknown, plan: FieldPlan, columns: string[][]): void {
  if (plan.hash >= 0) columns[plan.hash]?.push(JSON.stringify(value))
  if (plan.column >= 0) {
    if (typeof value === 'string' || typeof value === 'boolean') columns[plan.column]?.push(String(value))
    else if (value instanceof NumberText) columns[plan.column]?.push(value.text)
  }
  if (plan.elements !== undefined && Array.isArray(value)) {
    for (const element of value) collect(element, plan.elements, columns)
  }
  if (!isObject(value)) return
  for (const [key, below] of plan.members) {
    if (Object.hasOwn(value, key)) collect(value[key], below, columns)
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText)
  )
}

function member(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

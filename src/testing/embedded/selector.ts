import { failures } from './status.ts'
import type { StoredObject } from './stored-object.ts'

export type Predicate = (object: StoredObject) => boolean

/**
 * What a LIST or WATCH narrows its resource to; undefined: everything.
 * Written apart from the engine's own selectors on purpose: the one checks the other.
 */
export function selectObjects(
  namespace: string | undefined,
  labelSelector: string,
  fieldSelector: string,
): Predicate | undefined {
  const parts: Predicate[] = []
  if (namespace !== undefined) parts.push((object) => object.namespace === namespace)
  if (labelSelector.trim() !== '') parts.push(...parseLabelSelector(labelSelector))
  if (fieldSelector.trim() !== '') parts.push(...parseFieldSelector(fieldSelector))
  if (parts.length === 0) return undefined
  if (parts.length === 1) return parts[0]
  return (object) => parts.every((part) => part(object))
}

const keyPattern = '[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?'
const equality = new RegExp(`^(${keyPattern})\\s*(==|=|!=)\\s*([-A-Za-z0-9_.]*)$`)
const membership = new RegExp(`^(${keyPattern})\\s+(in|notin)\\s*\\(([^()]*)\\)$`)
const presence = new RegExp(`^(!?)\\s*(${keyPattern})$`)

/** Requirements are split at commas outside parentheses. */
function parseLabelSelector(text: string): Predicate[] {
  return text.split(/,(?![^()]*\))/).map((part) => labelRequirement(part.trim(), text))
}

function labelRequirement(part: string, whole: string): Predicate {
  const equal = equality.exec(part)
  if (equal !== null) {
    const [, key, , operator, value] = equal as unknown as [string, string, string, string, string]
    return operator === '!='
      ? (object) => object.labels?.[key] !== value
      : (object) => object.labels?.[key] === value
  }
  const member = membership.exec(part)
  if (member !== null) {
    const [, key, , operator, list] = member as unknown as [string, string, string, string, string]
    const values = new Set(list.split(',').map((value) => value.trim()))
    return operator === 'in'
      ? (object) => values.has(object.labels?.[key] ?? '') && hasLabel(object, key)
      : (object) => !hasLabel(object, key) || !values.has(object.labels?.[key] as string)
  }
  const present = presence.exec(part)
  if (present !== null) {
    const isAbsent = present[1] === '!'
    const key = present[2] as string
    return (object) => hasLabel(object, key) !== isAbsent
  }
  throw failures.badRequest(
    `unable to parse requirement: ${JSON.stringify(part)} of ${JSON.stringify(whole)}`,
  )
}

function hasLabel(object: StoredObject, key: string): boolean {
  return object.labels !== undefined && Object.hasOwn(object.labels, key)
}

const fields: Readonly<Record<string, (object: StoredObject) => string>> = {
  'metadata.name': (object) => object.name,
  'metadata.namespace': (object) => object.namespace,
  'spec.nodeName': (object) => object.nodeName,
  'status.phase': (object) => object.phase,
}

function parseFieldSelector(text: string): Predicate[] {
  return text.split(',').map((part) => {
    const match = /^\s*([A-Za-z.]+)\s*(==|=|!=)(.*)$/.exec(part)
    const read = match === null ? undefined : fields[match[1] as string]
    if (match === null || read === undefined) {
      throw failures.badRequest(
        match === null
          ? `invalid field selector: ${JSON.stringify(part)}`
          : `field label not supported: ${match[1] as string}`,
      )
    }
    const value = (match[3] as string).trim()
    return match[2] === '!=' ? (object) => read(object) !== value : (object) => read(object) === value
  })
}

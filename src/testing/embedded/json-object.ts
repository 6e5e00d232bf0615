export interface ObjectMetadata {
  name: string
  generateName?: string
  namespace?: string
  uid: string
  resourceVersion: string
  generation?: number
  creationTimestamp?: string | null
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: string[]
  [field: string]: unknown
}

/** An API object as JSON.parse gives it, once the server has taken it in. */
export interface ApiObject {
  apiVersion?: string
  kind?: string
  metadata: ObjectMetadata
  [field: string]: unknown
}

/** A JSON object, its members unknown. */
export type JsonRecord = Record<string, unknown>

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

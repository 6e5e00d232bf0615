import { isRecord, type JsonRecord } from './json-object.ts'

/** What managedFields say of a value: its fields as a tree, list items by their merge key. */
export function fieldSet(value: unknown): JsonRecord {
  const set: JsonRecord = {}
  if (Array.isArray(value)) {
    for (const item of value) {
      const key = isRecord(item) ? mergeKeys.find((name) => item[name] !== undefined) : undefined
      if (key !== undefined) set[`k:${JSON.stringify({ [key]: item[key] })}`] = { '.': {}, ...fieldSet(item) }
    }
  } else if (isRecord(value)) {
    for (const [field, inner] of Object.entries(value)) set[`f:${field}`] = fieldSet(inner)
  }
  return set
}

const mergeKeys = ['name', 'type', 'containerPort', 'ip', 'uid']

export interface Manager {
  readonly manager: string
  readonly apiVersion: string
  readonly time: string
  readonly subresource?: string
  readonly fields: JsonRecord
}

/** One entry of metadata.managedFields; `fields` as {@link fieldSet} gives them. */
export function managedEntry({ manager, apiVersion, time, subresource, fields }: Manager): JsonRecord {
  return {
    manager,
    operation: 'Update',
    apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1: fields,
    ...(subresource !== undefined && { subresource }),
  }
}

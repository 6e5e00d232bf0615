import * as clientNode from '@kubernetes/client-node'
import { groupProperty } from '../src/resources/group-property.ts'
import type { DiscoveredResource } from './discovery-file.ts'

interface Field {
  readonly name: string
  /** On the wire. */
  readonly baseName: string
  readonly type: string
}

const exported = new Map<string, unknown>(Object.entries(clientNode))

/** undefined: no model of this name. */
function fieldsOf(model: string): readonly Field[] | undefined {
  return (exported.get(model) as { readonly attributeTypeMap?: readonly Field[] } | undefined)
    ?.attributeTypeMap
}

export interface Model {
  readonly name: string
  readonly listName: string
}

/** client-node's model of a resource's objects: `V1Pod`, or `CoreV1Event` where two groups have the same kind. */
export function modelOf({ group, version, name, kind }: DiscoveredResource): Model {
  const plain = capital(version) + kind
  const names = [capital(groupProperty(group)) + plain, plain]
  for (const listName of names.map((each) => `${each}List`)) {
    const items = fieldsOf(listName)?.find((field) => field.baseName === 'items')
    const model = names.find((each) => items?.type === `Array<${each}>`)
    if (model !== undefined) return { name: model, listName }
  }
  throw new Error(`client-node has no model of ${group}/${version}/${name}`)
}

/** A field whose name on the wire is another one. */
export interface RenamedField {
  readonly name: string
  readonly baseName: string
  /** Only in models that have this field, too: elsewhere the name may be meant as it stands. */
  readonly mark?: string
}

/** Of all models that `roots` are made of, by name. Throws where these rules would rename a field wrongly. */
export function renamedFields(roots: readonly string[]): readonly RenamedField[] {
  const models = reachable(roots)
  const renamed = new Map<string, RenamedField>()
  for (const fields of models.values()) {
    // No name of Kubernetes has an underscore: such a name is always client-node's.
    const mark = fields.find((field) => field.name.includes('_'))?.name
    for (const { name, baseName } of fields) {
      if (name === baseName) continue
      const isSafe = name.includes('_') || mark === undefined
      renamed.set(name, { name, baseName, ...(!isSafe && { mark }) })
    }
  }
  for (const [model, fields] of models) {
    for (const { name, baseName } of fields) {
      const rule = renamed.get(name)
      const isMeant = rule?.mark === undefined || fields.some((field) => field.name === rule.mark)
      if ((rule && isMeant ? rule.baseName : name) !== baseName)
        throw new Error(`${model}.${name}: no rule fits`)
    }
  }
  return [...renamed.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

function reachable(roots: readonly string[]): ReadonlyMap<string, readonly Field[]> {
  const found = new Map<string, readonly Field[]>()
  const waiting = [...roots]
  for (let model = waiting.pop(); model !== undefined; model = waiting.pop()) {
    const fields = fieldsOf(model)
    if (fields === undefined || found.has(model)) continue
    found.set(model, fields)
    for (const field of fields) waiting.push(...(field.type.match(/\w+/g) ?? []))
  }
  return found
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

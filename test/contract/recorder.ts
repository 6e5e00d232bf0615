import type { Informer, ObjectChange, ObjectHandlers } from '../../src/index.ts'
import type { ConfigMap } from './contract-bed.ts'

/**
 * A listener that checks contract lines 1, 3, 5 and 6 at each call, written from the contract alone: it knows nothing of
 * how the engine works. `problems` must stay empty; `fold` must equal the cache whenever both are idle (line 2).
 */
export class Recorder {
  readonly log: string[] = []
  readonly problems: string[] = []
  /** key → what the listener was told last. */
  readonly fold: Map<string, { readonly uid: string; readonly version: bigint }> = new Map()
  readonly #highest: Map<string, bigint> = new Map()

  readonly handlers: ObjectHandlers<ConfigMap> = {
    onAdd: (event) => this.take(event),
    onUpdate: (event) => this.take(event),
    onDelete: (event) => this.take(event),
  }

  take(event: ObjectChange<ConfigMap>): void {
    const { key, uid, type } = event
    const version = BigInt(event.resourceVersion)
    const unknown = event.type === 'delete' && event.finalStateUnknown
    this.log.push(`${type} ${event.name}${unknown ? ' unknown' : ''} ${event.cause}`)
    const before = this.fold.get(key)
    if (type === 'add') {
      if (before !== undefined) this.problems.push(`add of ${key}, which is there`)
    } else if (before === undefined) this.problems.push(`${type} of ${key}, which is not there`)
    else if (before.uid !== uid) this.problems.push(`${type} of ${key} with another uid`)
    const highest = this.#highest.get(key) ?? 0n
    if (version < highest && !unknown) this.problems.push(`${type} of ${key} goes back to ${version}`)
    if (event.object.metadata.uid !== uid) this.problems.push(`the object of ${key} is another one`)
    if (event.type === 'update' && event.oldObject.metadata.uid !== uid) {
      this.problems.push(`the old object of ${key} is another one`)
    }
    if (version > highest) this.#highest.set(key, version)
    if (type === 'delete') this.fold.delete(key)
    else this.fold.set(key, { uid, version })
  }

  /** The fold, in the form of ContractBed.truth(). */
  state(): Map<string, string> {
    return new Map([...this.fold].map(([key, { uid, version }]) => [key, `${uid}@${version}`]))
  }
}

/** The cache, in the same form. */
export function cached(informer: Informer<ConfigMap>): Map<string, string> {
  return new Map(
    informer.indexer.list().map(({ metadata }) => {
      const key = `${metadata.namespace}/${metadata.name}`
      return [key, `${metadata.uid}@${metadata.resourceVersion}`]
    }),
  )
}

export function sameState(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  if (a.size !== b.size) return false
  for (const [key, value] of a) if (b.get(key) !== value) return false
  return true
}

import { checkFunction } from './base/check-options.ts'
import { invalidOption } from './errors.ts'
import type { Informer } from './informer.ts'
import type { VerifyOptions, WaitOptions } from './life/cache-life.ts'
import type { StateChange, WatchFailure } from './life/informer-states.ts'
import { factsOf, type WrittenObject } from './life/questions.ts'
import type { Snapshot } from './life/snapshot.ts'
import { addResult, noResult, type VerifyResult } from './life/verification.ts'
import { keyOf, type ListOptions, type ObjectName } from './lister.ts'
import { memberOf, NamespacesLister } from './namespaces-reads.ts'
import type { ObjectList } from './object-list.ts'
import { parseResourceVersion } from './protocol/resource-version.ts'

/** What an informer tells of itself, and what may be asked of its cache, of those of several namespaces as one. */
export class NamespacesLife<T> {
  readonly #informers: ReadonlyMap<string, Informer<T>>

  constructor(informers: ReadonlyMap<string, Informer<T>>) {
    this.#informers = informers
  }

  onStateChange(listener: (change: StateChange & { readonly namespace: string }) => void): () => void {
    checkFunction('listener', listener)
    const ends = Array.from(this.#informers, ([namespace, informer]) =>
      informer.onStateChange((change) => listener({ namespace, ...change })),
    )
    return () => ends.forEach((end) => void end())
  }

  onWatchError(listener: (failure: WatchFailure & { readonly namespace: string }) => void): () => void {
    checkFunction('listener', listener)
    const ends = Array.from(this.#informers, ([namespace, informer]) =>
      informer.onWatchError((failure) => listener({ namespace, ...failure })),
    )
    return () => ends.forEach((end) => void end())
  }

  snapshot(): Snapshot<T> {
    return new SnapshotOfNamespaces(
      new Map(Array.from(this.#informers, ([namespace, informer]) => [namespace, informer.snapshot()])),
    )
  }

  async waitForObject(written: WrittenObject, options?: WaitOptions): Promise<T | undefined> {
    // One in another namespace never comes, as with one informer whose selection it is not in.
    return memberOf(this.#informers, factsOf(written).key)?.waitForObject(written, options)
  }

  async waitForResourceVersion(resourceVersion: string, options?: WaitOptions): Promise<void> {
    const all = [...this.#informers.values()]
    await Promise.all(all.map((informer) => informer.waitForResourceVersion(resourceVersion, options)))
  }

  async waitFor(
    name: string | ObjectName,
    predicate: (object: T | undefined) => boolean,
    options?: WaitOptions,
  ): Promise<T | undefined> {
    const informer = memberOf(this.#informers, name)
    if (informer === undefined) throw invalidOption('name', keyOf(name), 'must be in one of the namespaces')
    return informer.waitFor(name, predicate, options)
  }

  async verify(options?: VerifyOptions): Promise<VerifyResult> {
    const sum = noResult()
    // One after the other: together they would take all permits for lists.
    for (const informer of this.#informers.values()) addResult(sum, await informer.verify(options))
    return sum
  }
}

class SnapshotOfNamespaces<T> implements Snapshot<T> {
  readonly #members: ReadonlyMap<string, Snapshot<T>>

  constructor(members: ReadonlyMap<string, Snapshot<T>>) {
    this.#members = members
  }

  get size(): number {
    return this.#all.reduce((sum, { size }) => sum + size, 0)
  }

  /** The lowest: up to it every namespace is complete. */
  get resourceVersion(): string | undefined {
    const versions = this.#all.map(({ resourceVersion }) => resourceVersion)
    return versions.reduce((lowest, version) => {
      if (lowest === undefined || version === undefined) return undefined
      return parseResourceVersion(version) < parseResourceVersion(lowest) ? version : lowest
    })
  }

  get(name: string | ObjectName): T | undefined {
    return memberOf(this.#members, name)?.get(name)
  }

  has(name: string | ObjectName): boolean {
    return memberOf(this.#members, name)?.has(name) ?? false
  }

  *keys(): Generator<string, void> {
    for (const snapshot of this.#all) yield* snapshot.keys()
  }

  list(options?: ListOptions): ObjectList<T> {
    return new NamespacesLister(this.#members).list(options)
  }

  dispose(): void {
    for (const snapshot of this.#all) snapshot.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  get #all(): Snapshot<T>[] {
    return [...this.#members.values()]
  }
}

import type { ErrorCallback, KubernetesObject, ObjectCallback } from '@kubernetes/client-node'
import { isThenable } from '../base/thenable.ts'
import { readThrown, stackOf } from '../base/thrown.ts'
import { invalidOption } from '../errors.ts'

export type ObjectVerb = 'add' | 'update' | 'delete'
export type Verb = ObjectVerb | 'connect' | 'error'

type Callback<T extends KubernetesObject> = ObjectCallback<T> | ErrorCallback

const changeVerbs = ['add', 'update', 'delete'] as const

/**
 * client-node's verbs and who asked for them. What a callback throws, or its promise rejects with, goes to the `error`
 * callbacks and harms neither the others nor the process; without such a callback the process is warned.
 */
export class Callbacks<T extends KubernetesObject> {
  readonly #callbacks: Record<Verb, Callback<T>[]> = {
    add: [],
    update: [],
    delete: [],
    connect: [],
    error: [],
  }
  #hasWarned = false

  on(verb: string, callback: Callback<T>): void {
    for (const each of verbsOf(verb)) this.#callbacks[each].push(callback)
  }

  /** Once per call, however often it was added; one that never was is fine. */
  off(verb: string, callback: Callback<T>): void {
    for (const each of verbsOf(verb)) {
      const at = this.#callbacks[each].indexOf(callback)
      if (at >= 0) this.#callbacks[each].splice(at, 1)
    }
  }

  /** `object` is made only if somebody listens, once for all of them. */
  object(verb: ObjectVerb, object: () => T): void {
    if (this.#callbacks[verb].length > 0) this.#call(verb, object(), (error) => this.error(error))
  }

  connect(): void {
    this.#call('connect', undefined, (error) => this.error(error))
  }

  error(error: unknown): void {
    if (this.#callbacks.error.length === 0) this.#warn(error)
    else this.#call('error', error, (own) => this.#warn(own))
  }

  /** As {@link error}, but nobody need listen: what is retried is no fault of the program's. */
  fault(error: unknown): void {
    if (this.#callbacks.error.length > 0) this.error(error)
  }

  #call(verb: Verb, argument: unknown, report: (error: unknown) => void): void {
    // A copy: callbacks may add and remove callbacks.
    for (const callback of [...this.#callbacks[verb]]) {
      try {
        const result: unknown = (callback as (argument: unknown) => unknown)(argument)
        if (isThenable(result)) Promise.resolve(result).catch(report)
      } catch (error) {
        report(error)
      }
    }
  }

  /** Once: a callback that fails, fails at every event. */
  #warn(error: unknown): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    const text = stackOf(error) ?? readThrown(error).message
    process.emitWarning(`a callback of an informer failed, and no error callback took it: ${text}`, {
      type: 'KubeInformerWarning',
    })
  }
}

function verbsOf(verb: string): readonly Verb[] {
  if (verb === 'change') return changeVerbs
  if (verb === 'connect' || verb === 'error') return [verb]
  const known = changeVerbs.find((each) => each === verb)
  if (known === undefined) throw unknownVerb(verb)
  return [known]
}

/** client-node's message. */
function unknownVerb(verb: string): Error {
  return Object.assign(invalidOption('verb', verb, 'no such verb'), { message: `Unknown verb: ${verb}` })
}

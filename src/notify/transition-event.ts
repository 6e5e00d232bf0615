import { inspect } from 'node:util'
import type { AnyEvent } from './callbacks.ts'
import type { ChangeCause } from './change-sink.ts'

/** An update as somebody sees it to whom the object only comes by it, or goes. Reads its objects as lazily. */
export class TransitionEvent implements AnyEvent {
  readonly type: 'add' | 'delete'
  readonly finalStateUnknown: boolean = false
  readonly isInInitialList: boolean = false
  readonly #update: AnyEvent

  constructor(type: 'add' | 'delete', update: AnyEvent) {
    this.type = type
    this.#update = update
  }

  get key(): string {
    return this.#update.key
  }

  get namespace(): string | undefined {
    return this.#update.namespace
  }

  get name(): string {
    return this.#update.name
  }

  get uid(): string {
    return this.#update.uid
  }

  get resourceVersion(): string {
    return this.#update.resourceVersion
  }

  get cause(): ChangeCause {
    return this.#update.cause
  }

  get receivedAtMs(): number {
    return this.#update.receivedAtMs
  }

  get signal(): AbortSignal {
    return this.#update.signal
  }

  get object(): unknown {
    return this.type === 'add' ? this.#update.object : this.#update.oldObject
  }

  /** For logs: the facts alone; looking at an event must not unpack an object. */
  toJSON(): object {
    const { type, key, namespace, name, uid, resourceVersion, cause, isInInitialList, finalStateUnknown } =
      this
    return { type, key, namespace, name, uid, resourceVersion, cause, isInInitialList, finalStateUnknown }
  }
}

// As ChangeEvent: console.log would show neither getters nor private fields.
Object.defineProperty(TransitionEvent.prototype, inspect.custom, {
  value(this: TransitionEvent): object {
    return this.toJSON()
  },
})

import { tracingChannel } from 'node:diagnostics_channel'
import { isThenable } from '../base/thenable.ts'
import type { ChangeCause } from '../notify/change-sink.ts'
import type { HandlerName } from '../notify/handler-error.ts'
import type { HandlerTracer } from '../notify/handler-tracer.ts'
import type { InformerScope } from './channels.ts'

/** One object for all messages of a call, so that a subscriber can keep something of its own beside it. */
interface HandlerMessage extends InformerScope {
  readonly key: string
  readonly handler: HandlerName
  readonly cause?: ChangeCause
  error?: unknown
}

/** `tracing:kube-informer:handler:start`, `:end`, `:asyncStart`, `:asyncEnd`, `:error`: Node's TracingChannel. */
const handlerChannel = tracingChannel<unknown, HandlerMessage>('kube-informer:handler')

export class HandlerChannel implements HandlerTracer {
  readonly #scope: InformerScope

  constructor(scope: InformerScope) {
    this.#scope = scope
  }

  get isHeard(): boolean {
    return handlerChannel.hasSubscribers
  }

  trace<A>(
    handler: (argument: A) => unknown,
    key: string,
    name: HandlerName,
    cause: ChangeCause | undefined,
  ): (argument: A) => unknown {
    const message: HandlerMessage = { ...this.#scope, key, handler: name, ...(cause && { cause }) }
    // Not `traceSync`: it would tell what the handler returned, which may be a part of the object.
    return (argument) =>
      handlerChannel.start.runStores(message, () => {
        try {
          const result = handler(argument)
          return isThenable(result) ? followed(result, message) : result
        } catch (error) {
          message.error = error
          handlerChannel.error.publish(message)
          throw error
        } finally {
          handlerChannel.end.publish(message)
        }
      })
  }
}

/** Its `then` is called once: there are thenables that do their work at every call. */
async function followed(result: PromiseLike<unknown>, message: HandlerMessage): Promise<void> {
  const { asyncStart, asyncEnd, error: failed } = handlerChannel
  try {
    await result
  } catch (error) {
    message.error = error
    failed.publish(message)
    throw error
  } finally {
    asyncStart.publish(message)
    asyncEnd.publish(message)
  }
}

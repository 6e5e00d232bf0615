import type { Pump, Slicer } from '../base/slicer.ts'
import { KubeInformerError } from '../errors.ts'
import type { SourceList } from '../lister-watcher.ts'
import { sourceError } from '../protocol/source-error.ts'
import type { SourceBody } from './source-body.ts'
import { wireJson } from './wire-json.ts'

export interface SourceListAnswerOptions {
  readonly slicer: Slicer
  readonly nowMs: () => number
  readonly body: SourceBody
  /** The token it was asked with; '' none. */
  readonly continueToken: string
  /** Only what the list says about itself is asked for. */
  readonly isProbe: boolean
  /** Calls the user's function. */
  readonly list: () => Promise<SourceList<unknown>>
  readonly onDone: () => void
}

/** A list that a user's function gave, on its way to the worker: written item by item, within main's slices. */
export class SourceListAnswer implements Pump {
  readonly #options: SourceListAnswerOptions
  #items: readonly unknown[] = []
  #next = 0
  #isFirst = true
  #isWriting = false
  #isDone = false

  constructor(options: SourceListAnswerOptions) {
    this.#options = options
    // Called later, so that what it throws at once is a rejection like any other.
    Promise.resolve()
      .then(() => options.list())
      .then(
        (list) => this.#begin(list),
        (error: unknown) => this.#fail(error),
      )
  }

  credit(): void {
    if (this.#isWriting && !this.#isDone) this.#options.slicer.wake(this)
  }

  abort(): void {
    this.#isDone = true
    this.#items = []
    this.#options.slicer.remove(this)
  }

  pump(deadlineMs: number): boolean {
    const { body, nowMs, onDone } = this.#options
    while (body.hasRoom) {
      if (this.#next === this.#items.length) {
        body.write(']}')
        body.end()
        this.abort()
        onDone()
        return false
      }
      const written = body.writeObject(this.#isFirst ? '' : ',', this.#items[this.#next++], '')
      if (written) this.#isFirst = false
      if (nowMs() >= deadlineMs) return true
    }
    return false
  }

  #begin(list: SourceList<unknown>): void {
    if (this.#isDone) return
    const { slicer, body, isProbe } = this.#options
    try {
      const head = this.#head(list)
      // A copy: what the source adds to its own array or takes from it while we write would shift the rest.
      this.#items = isProbe ? [] : [...(list.items ?? [])]
      body.write(head)
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#isWriting = true
    slicer.wake(this)
  }

  #head(list: SourceList<unknown>): string {
    const { apiVersion, kind, metadata } = list
    const token = continueTokenOf(metadata)
    const asked = this.#options.continueToken
    if (token !== '' && token === asked) {
      // It would be asked for the same page for ever.
      throw new KubeInformerError(
        'ERR_SOURCE_FAILED',
        'list() gives the continue token that it was asked with: it must honour `continue`, or give none',
      )
    }
    const facts = {
      resourceVersion: metadata?.resourceVersion,
      ...(token !== '' && { continue: token }),
    }
    const head = wireJson({ apiVersion: apiVersion ?? '', kind: kind ?? '', metadata: facts })
    return `${head.slice(0, -1)},"items":[`
  }

  #fail(error: unknown): void {
    if (this.#isDone) return
    this.abort()
    this.#options.body.fail(sourceError(error, 'list()'))
    this.#options.onDone()
  }
}

/** client-node's models call it `_continue`; missed, the first page would pass for the whole list. */
function continueTokenOf(metadata: SourceList<unknown>['metadata']): string {
  const token: unknown = metadata?.continue ?? metadata?._continue
  return typeof token === 'string' ? token : ''
}

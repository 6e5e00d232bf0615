import { realpathSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { stackOf } from '../src/base/thrown.ts'
import { KubeInformerError } from '../src/errors.ts'

export type OnStray = (error: KubeInformerError) => void

/**
 * What a transform left behind when it returned, and what failed later: a promise that nobody waits for, a timer. It would
 * end the thread, and all watches in it. For threads of the engine's own only: in others it is the process's to judge.
 */
export class TransformStrays {
  /** By module, for the thread's life: what was left behind may outlive the watch. */
  readonly #watches = new Map<string, Set<OnStray>>()
  readonly #warned = new Set<string>()

  /** To be called before the module is loaded. Gives what ends the telling. */
  add(url: string, onStray: OnStray): () => void {
    if (this.#watches.size === 0) this.#listen()
    const watches = this.#watches.get(url) ?? new Set()
    this.#watches.set(url, watches.add(onStray))
    return () => void watches.delete(onStray)
  }

  #listen(): void {
    process.on('unhandledRejection', (reason) => {
      if (this.#tell(reason, isOf, 'left a promise that was rejected')) return
      // As without this listener: a fault of the engine's ends the thread, so that it is replaced.
      if (process.listenerCount('unhandledRejection') === 1) throw reason
    })
    process.on('uncaughtException', (error) => {
      if (this.#tell(error, isCalledByNode, 'left a callback that threw')) return
      if (process.listenerCount('uncaughtException') === 1) throw error
    })
  }

  /** Once a module: who listens to no watch's failures would never know. */
  #warn(url: string, { message }: KubeInformerError, detail: string): void {
    if (this.#warned.has(url)) return
    this.#warned.add(url)
    process.emitWarning(message, { type: 'TransformWarning', code: 'KUBE_INFORMER_TRANSFORM_STRAY', detail })
  }

  #tell(thrown: unknown, isMatch: (stack: string, url: string) => boolean, what: string): boolean {
    const stack = stackOf(thrown)
    if (stack === undefined) return false
    for (const [url, watches] of this.#watches) {
      if (!isMatch(stack, url)) continue
      const error = new KubeInformerError('ERR_TRANSFORM', `the transform ${what}`, { cause: thrown })
      this.#warn(url, error, stack)
      for (const onStray of watches) onStray(error)
      return true
    }
    return false
  }
}

/** Whether a frame is the module's. The engine's own code never is called by it. */
function isOf(stack: string, url: string): boolean {
  return lastFrameOf(framesOf(stack), url) >= 0
}

/** Whether Node itself called the module: an error that went through the engine's code left that undone. */
function isCalledByNode(stack: string, url: string): boolean {
  const frames = framesOf(stack)
  const last = lastFrameOf(frames, url)
  return last >= 0 && /[ (]node:/.test(frames[last + 1] ?? '')
}

function lastFrameOf(frames: readonly string[], url: string): number {
  const names = namesOf(url)
  return frames.findLastIndex((frame) =>
    names.some((name) => frame.includes(` ${name}:`) || frame.includes(`(${name}:`)),
  )
}

function framesOf(stack: string): readonly string[] {
  return stack.split('\n').filter((line) => /^ +at /.test(line))
}

/** As a stack has it: an ES module by its URL, CommonJS by its path, either without links. */
function namesOf(url: string): readonly string[] {
  if (!url.startsWith('file:')) return [url]
  const path = fileURLToPath(url)
  try {
    const real = realpathSync(path)
    return [url, path, real, pathToFileURL(real).href]
  } catch {
    return [url, path]
  }
}

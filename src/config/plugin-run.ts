import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Runtime, Timer } from '../base/runtime.ts'

export interface PluginRunOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly timeLimitMs: number
  readonly runtime: Runtime
  /** Ends it at once. */
  readonly signal?: AbortSignal | undefined
}

/** How a run ended. `said`: its stderr, at most {@link stderrBytesMax}; not to be shown as it is. */
export type PluginOutcome =
  | { readonly type: 'answer'; readonly text: string }
  | { readonly type: 'not-started'; readonly code: string }
  | { readonly type: 'failed'; readonly how: string; readonly said: string }
  | { readonly type: 'late' | 'aborted' | 'too-long' }

export const stdoutBytesMax: number = 1024 * 1024
const stderrBytesMax = 64 * 1024
/** Between SIGTERM and SIGKILL. */
const graceMs = 2_000
/** From a program's end to the end of its pipes. */
const pipesMs = 500

/**
 * Runs a program: no shell, an empty stdin, no more than the time limit and the bytes above; never rejects. When it
 * resolves the program has ended, or was sent SIGKILL. More on stdout ends it, more on stderr is read and dropped.
 */
export function runPlugin(options: PluginRunOptions): Promise<PluginOutcome> {
  return new Promise((resolve) => new PluginRun(options, resolve).start())
}

class PluginRun {
  readonly #options: PluginRunOptions
  readonly #resolve: (outcome: PluginOutcome) => void
  #child: ReturnType<typeof spawn> | undefined
  #timer: Timer | undefined
  /** Why it was told to end. */
  #ending: PluginOutcome | undefined

  constructor(options: PluginRunOptions, resolve: (outcome: PluginOutcome) => void) {
    this.#options = options
    this.#resolve = resolve
  }

  start(): void {
    const { command, args, env, runtime, signal, timeLimitMs } = this.#options
    if (signal?.aborted) {
      this.#resolve({ type: 'aborted' })
      return
    }
    try {
      this.#child = spawn(command, [...args], { env, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true })
    } catch (error) {
      // A name that no program can have (a zero byte, an empty text).
      this.#resolve({ type: 'not-started', code: codeOf(error) })
      return
    }
    const child = this.#child
    const stdout = new Kept(child.stdout, stdoutBytesMax, () => this.#end({ type: 'too-long' }))
    const stderr = new Kept(child.stderr, stderrBytesMax, () => {})
    child.once('error', (error) => {
      // Also told of a signal that could not be sent; that one has its timer.
      if (child.pid === undefined) this.#settle({ type: 'not-started', code: codeOf(error) })
    })
    const ended = (code: number | null, signalName: NodeJS.Signals | null): void => {
      if (this.#ending !== undefined) this.#settle(this.#ending)
      else if (code === 0) this.#settle({ type: 'answer', text: stdout.text })
      else {
        const how = code === null ? `was ended by ${signalName}` : `ended with code ${code}`
        this.#settle({ type: 'failed', how, said: stderr.text })
      }
    }
    child.once('exit', (code, signalName) => {
      if (this.#ending !== undefined) return this.#settle(this.#ending)
      // What it started may hold the pipes open for ever; what it said itself is in them by now.
      this.#timer?.cancel()
      this.#timer = runtime.setTimer(pipesMs, () => ended(code, signalName))
    })
    child.once('close', ended)
    this.#timer = runtime.setTimer(timeLimitMs, () => this.#end({ type: 'late' }))
    signal?.addEventListener('abort', this.#abort, { once: true })
  }

  readonly #abort = (): void => this.#end({ type: 'aborted' })

  #end(outcome: PluginOutcome): void {
    if (this.#ending !== undefined) return
    this.#ending = outcome
    const child = this.#child
    this.#timer?.cancel()
    child?.kill('SIGTERM')
    this.#timer = this.#options.runtime.setTimer(graceMs, () => {
      child?.kill('SIGKILL')
      this.#settle(outcome)
    })
  }

  #settle(outcome: PluginOutcome): void {
    this.#timer?.cancel()
    this.#options.signal?.removeEventListener('abort', this.#abort)
    this.#child?.stdout?.destroy()
    this.#child?.stderr?.destroy()
    this.#resolve(outcome)
  }
}

/** The first bytes of a stream; the rest is read, so that its writer never blocks, and dropped. */
class Kept {
  readonly #chunks: Buffer[] = []
  #bytes = 0

  constructor(stream: Readable | null, bytesMax: number, onFull: () => void) {
    stream?.on('data', (chunk: Buffer) => {
      const room = bytesMax - this.#bytes
      if (chunk.length > room) onFull()
      if (room > 0) this.#chunks.push(chunk.subarray(0, room))
      this.#bytes += Math.min(room, chunk.length)
    })
    stream?.on('error', () => {})
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8')
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}

import { type Child, startChild } from '../../test/support/child-process.ts'

/** What every measured process prints, one JSON line at a time; a missing figure is one it cannot know. */
export interface Report {
  readonly wallMs: number
  /** Until the handler was done with the initial list. */
  readonly handlerWallMs?: number
  /** User and system time of the whole process since its start. */
  readonly cpuMs: number
  readonly rssBytes: number
  readonly peakRssBytes: number
  readonly handled: number
  readonly [figure: string]: unknown
}

/**
 * A process under measurement: prints a report when synced, then one for each command line it reads, and ends when
 * its stdin does. The engine and all its peers speak the same protocol, so that they are measured by the same code.
 */
export class Subject<R extends Report = Report> {
  readonly #child: Child
  readonly #name: string
  readonly #lines: string[] = []
  #rest = ''
  #wake: (() => void) | undefined

  constructor(name: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#name = name
    this.#child = startChild(command, args, {
      env: { ...process.env, ...env },
      stdin: true,
      onStdout: (text) => {
        const lines = (this.#rest + text).split('\n')
        this.#rest = lines.pop() ?? ''
        this.#lines.push(...lines.filter((line) => line.startsWith('{')))
        this.#wake?.()
      },
    })
    void this.#child.exited.then(() => this.#wake?.())
    // A subject that died shows in `next`; the broken pipe beside it says nothing new.
    this.#child.process.stdin?.on('error', () => {})
  }

  get pid(): number {
    return this.#child.process.pid ?? 0
  }

  async next(timeoutMs = 300_000): Promise<R> {
    const end = performance.now() + timeoutMs
    for (;;) {
      const line = this.#lines.shift()
      if (line !== undefined) return JSON.parse(line)
      if (this.#child.process.exitCode !== null || this.#child.process.signalCode !== null) {
        throw new Error(`${this.#name} ended early:\n${this.#child.output().slice(-4000)}`)
      }
      const leftMs = end - performance.now()
      if (leftMs <= 0) {
        await this.end()
        throw new Error(
          `${this.#name} said nothing for ${timeoutMs} ms:\n${this.#child.output().slice(-4000)}`,
        )
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(leftMs, 1000))
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  async ask(command: string, timeoutMs?: number): Promise<R> {
    this.#child.process.stdin?.write(`${command}\n`)
    return await this.next(timeoutMs)
  }

  async end(): Promise<void> {
    this.#child.process.stdin?.end()
    const patience = setTimeout(() => this.#child.process.kill('SIGKILL'), 15_000)
    await this.#child.exited
    clearTimeout(patience)
  }
}

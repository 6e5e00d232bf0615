import { join } from 'node:path'
import { type Child, startChild } from '../../support/child-process.ts'
import { repositoryDir } from '../../support/go-build.ts'
import { until } from '../../support/until.ts'

export interface ChangeLine {
  readonly type: 'add' | 'update' | 'delete'
  readonly key: string
  readonly uid: string
  readonly resourceVersion: string
  readonly cause: string
  readonly finalStateUnknown?: boolean
}

export interface StateLine {
  readonly type: 'state'
  readonly state: string
  readonly error?: string
  /** When this process read the line. */
  readonly atMs: number
}

export interface SummaryLine {
  readonly type: 'summary'
  readonly objects: number
  readonly changes: { readonly add: number; readonly update: number; readonly delete: number }
  readonly merged: number
  readonly relists: number
  readonly reconnects: number
  readonly refused: number
  readonly handlerErrors: number
}

/** The project's command line in a process of its own, `--output jsonl`, its lines parsed as they come. */
export class Cli {
  readonly changes: ChangeLine[] = []
  readonly states: StateLine[] = []
  isSynced = false
  summary: SummaryLine | undefined
  readonly #child: Child
  #rest = ''

  constructor(args: readonly string[]) {
    this.#child = startCommand([...args, '--output', 'jsonl'], (text) => {
      const lines = (this.#rest + text).split('\n')
      this.#rest = lines.pop() ?? ''
      for (const line of lines) this.#take(JSON.parse(line))
    })
  }

  get pid(): number {
    return this.#child.process.pid ?? 0
  }

  get state(): string {
    return this.states.at(-1)?.state ?? 'none'
  }

  /** What the lines tell of the collection: key → uid and version. */
  fold(): Map<string, { readonly uid: string; readonly resourceVersion: string }> {
    const fold = new Map<string, ChangeLine>()
    for (const change of this.changes) {
      if (change.type === 'delete') fold.delete(change.key)
      else fold.set(change.key, change)
    }
    return new Map(
      [...fold].map(([key, { uid, resourceVersion }]) => [key, { uid, resourceVersion }] as const),
    )
  }

  waitFor(what: string, test: () => boolean, timeoutMs = 60_000): Promise<true> {
    return until(
      () => {
        if (this.#child.process.exitCode !== null)
          throw new Error(`the command ended:\n${this.#child.output()}`)
        return test()
      },
      `${what} (state ${this.state})`,
      timeoutMs,
    )
  }

  /** Ctrl-C: resolves with the exit code once it has printed its summary. */
  async interrupt(): Promise<number | null> {
    this.#child.process.kill('SIGINT')
    return await this.#child.exited
  }

  async kill(): Promise<void> {
    await this.#child.stop('SIGKILL')
  }

  #take(line: ChangeLine | StateLine | SummaryLine | { readonly type: 'synced' }): void {
    if (line.type === 'synced') this.isSynced = true
    else if (line.type === 'state') this.states.push({ ...line, atMs: performance.now() })
    else if (line.type === 'summary') this.summary = line
    else this.changes.push(line)
  }
}

/** Runs the command to its end: for what is refused at once. */
export async function runCommand(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly stdout: string; readonly output: string }> {
  let stdout = ''
  const child = startCommand(args, (text) => {
    stdout += text
  })
  const code = await child.exited
  return { code, stdout, output: child.output() }
}

function startCommand(args: readonly string[], onStdout: (text: string) => void): Child {
  return startChild(process.execPath, [join(repositoryDir, 'src/cli/main.ts'), ...args], {
    cwd: repositoryDir,
    onStdout,
  })
}

import { fileURLToPath } from 'node:url'
import { type Child, startChild } from '../support/child-process.ts'
import { until } from '../support/until.ts'

export const mainPath: string = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The command line, or another program, in a process of its own, as a user has it. */
export class Command {
  readonly child: Child
  stdout = ''
  stderr = ''

  constructor(line: string | readonly string[], env: NodeJS.ProcessEnv = {}, program: string = mainPath) {
    const args = typeof line === 'string' ? line.split(' ') : line
    this.child = startChild(process.execPath, [program, ...args], {
      // Never the kubeconfig of whoever runs the tests.
      env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env },
      onStdout: (text) => {
        this.stdout += text
      },
    })
    this.child.process.stderr?.on('data', (text: string) => {
      this.stderr += text
    })
  }

  get lines(): readonly string[] {
    return this.stdout.split('\n').slice(0, -1)
  }

  async waitFor(what: string, test: () => boolean): Promise<void> {
    const found = await until(
      () => {
        if (test()) return 'yes'
        return this.child.process.exitCode === null ? undefined : 'ended'
      },
      what,
      30_000,
    )
    // Outside until(), which would go on trying.
    if (found === 'ended') throw new Error(`${what}: it ended:\n${this.child.output()}`)
  }

  async ended(): Promise<Ended> {
    const code = await this.child.exited
    return { code, stdout: this.stdout, stderr: this.stderr }
  }

  interrupt(signal: NodeJS.Signals = 'SIGINT'): Promise<Ended> {
    this.child.process.kill(signal)
    return this.ended()
  }
}

export function runCommand(line: string | readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Command(line, env).ended()
}

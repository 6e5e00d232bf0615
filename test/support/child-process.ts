import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'

/** A child that dies with its parent (as far as the parent gets to run its exit handlers) and keeps its last output. */
export interface Child {
  readonly process: ChildProcess
  /** The last 64 KiB of stderr and stdout, for messages. */
  output(): string
  /** Resolves once the process is gone; sends `signal`, and SIGKILL when that does not help in `patienceMs`. */
  stop(signal?: NodeJS.Signals, patienceMs?: number): Promise<void>
  readonly exited: Promise<number | null>
}

const tailBytes = 65_536

export function startChild(
  command: string,
  args: readonly string[],
  options: {
    readonly env?: NodeJS.ProcessEnv
    readonly cwd?: string
    readonly onStdout?: (text: string) => void
    /** Keeps stdin open for `process.stdin.write`; otherwise the child reads nothing. */
    readonly stdin?: boolean
  } = {},
): Child {
  const child = spawn(command, args, {
    stdio: [options.stdin === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    env: options.env ?? process.env,
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  })
  let tail = ''
  const keep = (text: string): void => {
    tail = (tail + text).slice(-tailBytes)
  }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    keep(text)
    options.onStdout?.(text)
  })
  child.stderr?.setEncoding('utf8').on('data', keep)
  const killNow = (): void => {
    child.kill('SIGKILL')
  }
  process.once('exit', killNow)
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      keep(`\n${error.message}\n`)
      resolve(null)
    })
    // close, not exit: whoever awaits it reads all output.
    child.once('close', (code) => resolve(code))
  }).finally(() => process.removeListener('exit', killNow))
  return {
    process: child,
    exited,
    output: () => tail,
    async stop(signal = 'SIGTERM', patienceMs = 15_000) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      const timer = setTimeout(killNow, patienceMs)
      await exited
      clearTimeout(timer)
    },
  }
}

/** A port that was free a moment ago: for servers that cannot tell which port they took when asked for 0. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject()))
    })
  })
}

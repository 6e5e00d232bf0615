import type { Writable } from 'node:stream'
import { styleText } from 'node:util'

/** What the live view may touch of the process. */
export interface Terminal {
  readonly stream: TerminalStream
  /** undefined: stdin is no terminal. */
  readonly keyboard: Keyboard | undefined
  /** As the environment has it: NO_COLOR, FORCE_COLOR, what TERM can do. */
  readonly hasColor: boolean
  /** What Ctrl-C and Ctrl-Z do where the keyboard is not ours. */
  raise(signal: 'SIGINT' | 'SIGTSTP'): void
  /** Calls `listener` when the process goes on after it was suspended; gives what ends that. */
  onContinue(listener: () => void): () => void
  /** Calls `listener` at the very end of the process, crashes included; gives what ends that. */
  onExit(listener: () => void): () => void
}

export interface TerminalStream extends Writable {
  /** 0 or undefined: not known. */
  readonly columns?: number
  readonly rows?: number
}

export interface Keyboard {
  setRawMode(isRaw: boolean): unknown
  setEncoding(encoding: 'utf8'): unknown
  on(event: 'data', listener: (text: string) => void): unknown
  off(event: 'data', listener: (text: string) => void): unknown
  resume(): unknown
  pause(): unknown
}

/** The terminal of this process; a text says why there is none that can be redrawn. */
export function terminalOf(own: NodeJS.Process): Terminal | string {
  const { stdout, stdin } = own
  if (!stdout.isTTY) return 'stdout is no terminal'
  if (own.env['TERM'] === 'dumb') return 'TERM=dumb cannot be redrawn'
  const on = (event: 'SIGCONT' | 'exit', listener: () => void) => {
    own.on(event, listener)
    return () => void own.off(event, listener)
  }
  return {
    stream: stdout,
    keyboard: stdin.isTTY ? stdin : undefined,
    hasColor: styleText('red', 'x', { stream: stdout }) !== 'x',
    raise(signal) {
      // 0: the whole job, as the terminal itself would; else `npm run` would wait for us for ever.
      own.kill(signal === 'SIGTSTP' ? 0 : own.pid, signal)
    },
    onContinue: (listener) => on('SIGCONT', listener),
    onExit: (listener) => on('exit', listener),
  }
}

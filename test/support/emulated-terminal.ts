import { EventEmitter } from 'node:events'
import { Writable } from 'node:stream'
import xterm from '@xterm/headless'
import type { Keyboard, Terminal } from '../../src/cli/terminal.ts'

class EmulatedStream extends Writable {
  readonly isTTY: boolean = true
  columns: number
  rows: number
  readonly #take: (bytes: Uint8Array, done: () => void) => void

  constructor(columns: number, rows: number, take: (bytes: Uint8Array, done: () => void) => void) {
    super()
    this.columns = columns
    this.rows = rows
    this.#take = take
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.#take(chunk, done)
  }
}

class EmulatedKeyboard extends EventEmitter implements Keyboard {
  isRaw = false
  isReading = false
  setRawMode(isRaw: boolean): void {
    this.isRaw = isRaw
  }
  setEncoding(): void {}
  resume(): void {
    this.isReading = true
  }
  pause(): void {
    this.isReading = false
  }
}

/** What a person would see of the bytes that a command writes, and the keys that they would press. */
export class EmulatedTerminal implements Terminal {
  readonly stream: EmulatedStream
  readonly keyboard: EmulatedKeyboard = new EmulatedKeyboard()
  readonly hasColor: boolean = true
  readonly raised: string[] = []
  readonly #xterm: InstanceType<typeof xterm.Terminal>
  readonly #onSignal: (signal: 'SIGINT' | 'SIGTSTP') => void
  readonly #events = new EventEmitter()
  isCursorHidden = false

  constructor(
    size: { readonly columns: number; readonly rows: number },
    onSignal: (signal: 'SIGINT' | 'SIGTSTP') => void = () => {},
  ) {
    const { columns, rows } = size
    // convertEol: a real terminal's driver makes \r\n of \n.
    this.#xterm = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, convertEol: true })
    this.#onSignal = onSignal
    this.stream = new EmulatedStream(columns, rows, (bytes, done) => {
      const text = Buffer.from(bytes).toString()
      const hidden = text.lastIndexOf('\u001b[?25l')
      const shown = text.lastIndexOf('\u001b[?25h')
      if (hidden !== shown) this.isCursorHidden = hidden > shown
      this.#xterm.write(bytes, done)
    })
  }

  raise(signal: 'SIGINT' | 'SIGTSTP'): void {
    this.raised.push(signal)
    this.#onSignal(signal)
  }

  onContinue(listener: () => void): () => void {
    return this.#on('continue', listener)
  }

  onExit(listener: () => void): () => void {
    return this.#on('exit', listener)
  }

  emit(event: 'continue' | 'exit'): void {
    this.#events.emit(event)
  }

  press(keys: string): void {
    this.keyboard.emit('data', keys)
  }

  resize(columns: number, rows: number): void {
    this.#xterm.resize(columns, rows)
    this.stream.columns = columns
    this.stream.rows = rows
    this.stream.emit('resize')
  }

  /** Everything that is or was on the screen, without trailing blanks. */
  get text(): string {
    const { active } = this.#xterm.buffer
    const lines = Array.from(
      { length: active.length },
      (_, y) => active.getLine(y)?.translateToString(true) ?? '',
    )
    return lines.join('\n').trimEnd()
  }

  /** Lines that did not fit and went on below. */
  get wrappedLines(): number {
    const { active } = this.#xterm.buffer
    return Array.from({ length: active.length }, (_, y) => active.getLine(y)?.isWrapped).filter(Boolean)
      .length
  }

  get listeners(): number {
    const count = (emitter: EventEmitter, ...names: string[]) =>
      names.reduce((sum, name) => sum + emitter.listenerCount(name), 0)
    return (
      count(this.#events, 'continue', 'exit') + count(this.keyboard, 'data') + count(this.stream, 'resize')
    )
  }

  #on(event: string, listener: () => void): () => void {
    this.#events.on(event, listener)
    return () => void this.#events.off(event, listener)
  }
}

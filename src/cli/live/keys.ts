import type { Keyboard } from '../terminal.ts'

export type Key = 'quit' | 'interrupt' | 'suspend' | 'pause' | 'help'

const keys: Readonly<Record<string, Key>> = {
  q: 'quit',
  Q: 'quit',
  '\u0003': 'interrupt',
  '\u001a': 'suspend',
  p: 'pause',
  P: 'pause',
  ' ': 'pause',
  '?': 'help',
  h: 'help',
}

/** What a person pressed; several keys may come at once. */
export function keysIn(text: string): readonly Key[] {
  // An arrow or function key is an escape code whose letters mean nothing here.
  if (text.startsWith('\u001b')) return []
  return [...text].flatMap((character) => (Object.hasOwn(keys, character) ? [keys[character] as Key] : []))
}

/** Reads single keys while it is open. Raw mode takes Ctrl-C and Ctrl-Z from the terminal: they come as keys. */
export class Keys {
  readonly #keyboard: Keyboard
  readonly #take: (text: string) => void
  #isOpen = false

  constructor(keyboard: Keyboard, onKey: (key: Key) => void) {
    this.#keyboard = keyboard
    this.#take = (text) => {
      for (const key of keysIn(text)) onKey(key)
    }
  }

  open(): void {
    // Again, also when it is open: whoever stopped the process may have set the terminal otherwise.
    this.#keyboard.setRawMode(true)
    if (this.#isOpen) return
    this.#isOpen = true
    this.#keyboard.setEncoding('utf8')
    this.#keyboard.on('data', this.#take)
    this.#keyboard.resume()
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#keyboard.off('data', this.#take)
    this.#keyboard.setRawMode(false)
    // A stream that reads keeps the process alive.
    this.#keyboard.pause()
  }
}

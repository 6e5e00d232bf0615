import { createLogUpdate } from 'log-update'
import type { TerminalStream } from '../terminal.ts'
import type { Size } from './screen.ts'
import { widthOf } from './text-width.ts'

const hideCursor = '\u001b[?25l'
const showCursor = '\u001b[?25h'

/** Draws frames over one another in place: what stood above stays, the last frame stays, too. */
export class FrameWriter {
  readonly #stream: TerminalStream
  readonly #update: ReturnType<typeof createLogUpdate>
  #lines: readonly string[] = []
  #columns: number
  #isCursorHidden = false

  constructor(stream: TerminalStream) {
    this.#stream = stream
    // Its own hiding of the cursor is for stderr.
    this.#update = createLogUpdate(stream, { showCursor: true })
    this.#columns = this.size.columns
  }

  get size(): Size {
    const { columns, rows } = this.#stream
    // Some pseudo terminals do not know.
    return { columns: columns || 80, rows: rows || 24 }
  }

  draw(lines: readonly string[]): void {
    if (!this.#isCursorHidden) {
      this.#isCursorHidden = true
      this.#stream.write(hideCursor)
    }
    this.#eraseReflowed()
    this.#update(lines.join('\n'))
    this.#lines = lines
  }

  /** The frame vanishes. */
  erase(): void {
    this.#eraseReflowed()
    this.#update.clear()
    this.release()
  }

  /** The frame stays as it is; the next one comes below. */
  release(): void {
    this.#update.done()
    this.#lines = []
    this.restoreCursor()
  }

  restoreCursor(): void {
    if (!this.#isCursorHidden) return
    this.#isCursorHidden = false
    this.#stream.write(showCursor)
  }

  /** A terminal that became narrower has broken the lines of the last frame: it is more rows high than was drawn. */
  #eraseReflowed(): void {
    const { columns } = this.size
    const before = this.#columns
    this.#columns = columns
    if (columns >= before) return
    const broken = this.#lines.reduce(
      (sum, line) => sum + Math.max(0, Math.ceil(widthOf(line) / columns) - 1),
      0,
    )
    if (broken === 0) return
    this.#update.clear()
    // Up to where the frame began, and everything from there on.
    this.#stream.write(`\u001b[${broken}A\u001b[J`)
  }
}

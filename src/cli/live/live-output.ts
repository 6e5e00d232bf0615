import type { Runtime, Timer } from '../../base/runtime.ts'
import type { InformerState } from '../../informer-stats.ts'
import type { LineWriter } from '../line-writer.ts'
import type { HandlerFailure, Output } from '../output.ts'
import type { RunSample } from '../sample.ts'
import { type Summary, summaryText } from '../summary.ts'
import type { Terminal } from '../terminal.ts'
import { FrameWriter } from './frame-writer.ts'
import { type Key, Keys } from './keys.ts'
import { paint } from './line.ts'
import { type Figures, Model } from './model.ts'
import { screen, type View } from './screen.ts'

/** More is not read by anybody, and costs the process that is shown. */
const frameMs = 200

export interface LiveOptions {
  readonly terminal: Terminal
  /** For the summary: the same stream. */
  readonly out: LineWriter
  readonly server: string
  readonly scope: string
  readonly clock: (atMs: number) => string
  readonly hasColor: boolean
  readonly startedAtMs: number
  readonly runtime: Runtime
}

/** The view that is redrawn in place while the watch runs; the summary comes below. */
export class LiveOutput implements Output {
  readonly needsEveryChange: boolean = false
  readonly sampleMs: number = frameMs
  readonly #options: LiveOptions
  readonly #model: Model
  readonly #frames: FrameWriter
  readonly #keys: Keys | undefined
  readonly #undo: (() => void)[] = []
  #view: View
  #figures: Figures | undefined
  /** What is shown while paused. */
  #frozen: Figures | undefined
  #drawnAtMs: number = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  /** The terminal is the shell's: nothing is drawn. */
  #isSuspended = false
  #isClosed = false

  constructor(options: LiveOptions) {
    const { terminal, startedAtMs, server, scope, clock } = options
    this.#options = options
    this.#model = new Model(startedAtMs)
    this.#frames = new FrameWriter(terminal.stream)
    const { keyboard } = terminal
    if (keyboard !== undefined) this.#keys = new Keys(keyboard, (key) => this.#press(key))
    this.#view = {
      server,
      scope,
      clock,
      phase: 'watching',
      isPaused: false,
      hasHelp: false,
      hasKeys: keyboard !== undefined,
      notice: undefined,
      failure: undefined,
    }
    const redraw = () => this.#drawSoon()
    terminal.stream.on('resize', redraw)
    this.#undo.push(
      () => void terminal.stream.off('resize', redraw),
      terminal.onContinue(() => this.#goOn()),
      terminal.onExit(() => this.#restore()),
    )
    this.#keys?.open()
  }

  change(): undefined {}

  state(_resource: string, _state: InformerState, _error: string | undefined): void {
    // Samples have it, with the reason.
  }

  synced(): void {}

  sample(sample: RunSample): void {
    this.#figures = this.#model.add(sample)
    if (!this.#view.isPaused) this.#drawSoon()
  }

  notice(text: string, failure?: HandlerFailure): void {
    if (failure === undefined) this.#show({ notice: text })
    else {
      const count = (this.#view.failure?.count ?? 0) + 1
      this.#show({ failure: { ...failure, count, atMs: this.#options.runtime.nowMs() } })
    }
  }

  ending(): void {
    // From here on Ctrl-C is the terminal's again: it ends at once.
    this.#keys?.close()
    this.#show({ phase: 'ending', isPaused: false, hasHelp: false })
  }

  async end(summary: Summary): Promise<void> {
    this.#view = { ...this.#view, phase: 'ended' }
    this.#draw()
    this.#frames.release()
    this.close()
    const { out } = this.#options
    out.write('')
    out.write(summaryText(summary))
    await out.end()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#timer?.cancel()
    for (const undo of this.#undo) undo()
    this.#keys?.close()
    // Without a summary there is an error to tell: a view of nothing would stand above it.
    if (this.#view.phase !== 'ended') this.#frames.erase()
  }

  #press(key: Key): void {
    const { terminal } = this.#options
    switch (key) {
      case 'quit':
      case 'interrupt':
        terminal.raise('SIGINT')
        break
      case 'suspend':
        this.#isSuspended = true
        this.#keys?.close()
        this.#frames.release()
        terminal.raise('SIGTSTP')
        break
      case 'pause': {
        const isPaused = !this.#view.isPaused
        this.#frozen = isPaused ? this.#figures : undefined
        this.#show({ isPaused })
        break
      }
      case 'help':
        this.#show({ hasHelp: !this.#view.hasHelp })
    }
  }

  /** After a suspension: the shell has written below our frame, and may have set the terminal. */
  #goOn(): void {
    this.#isSuspended = false
    if (this.#view.phase === 'watching') this.#keys?.open()
    this.#frames.release()
    this.#drawSoon()
  }

  #show(change: Partial<View>): void {
    this.#view = { ...this.#view, ...change }
    this.#drawSoon()
  }

  #drawSoon(): void {
    if (this.#isClosed || this.#timer !== undefined) return
    const { runtime } = this.#options
    const waitMs = this.#drawnAtMs + frameMs - runtime.nowMs()
    if (waitMs <= 0) this.#draw()
    else this.#timer = runtime.setTimer(waitMs, () => this.#draw())
  }

  #draw(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const figures = this.#frozen ?? this.#figures
    if (figures === undefined || this.#isClosed || this.#isSuspended) return
    this.#drawnAtMs = this.#options.runtime.nowMs()
    const lines = screen(figures, this.#view, this.#frames.size)
    this.#frames.draw(lines.map((line) => paint(line, this.#options.hasColor)))
  }

  /** The process dies without an end: the frame may stay, the terminal must not stay ours. */
  #restore(): void {
    this.#keys?.close()
    this.#frames.restoreCursor()
  }
}

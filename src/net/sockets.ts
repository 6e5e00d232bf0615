import type { Socket } from 'node:net'

/** Every socket of somebody who must leave none, those still connecting included. */
export class Sockets {
  readonly #open = new Set<Socket>()

  readonly add = (socket: Socket): void => {
    this.#open.add(socket)
    socket.once('close', () => this.#open.delete(socket))
  }

  /** Resolves when all are closed. */
  async destroy(): Promise<void> {
    const closed = [...this.#open].map(
      (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
    )
    for (const socket of this.#open) socket.destroy()
    await Promise.all(closed)
  }
}

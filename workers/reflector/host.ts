import type { KubeInformerError } from '../../src/errors.ts'
import type { WatchState } from '../../src/protocol/messages.ts'

/** What the driver asks of the watch it is part of. Answers come as calls of the driver, never from inside these. */
export interface ReflectorHost {
  setState(state: WatchState, error: KubeInformerError | undefined, attempt: number): void
  /** The server did not accept the credentials. Answer: `connectionReady` or `connectionFailed`. */
  requestConnection(): void
  /** Answer: `permitGranted`. */
  requestPermit(): void
  syncEnded(): void
  chunkStarts(): void
  /** A chunk is through all stages and in the queue. */
  chunkEnds(bytes: number): void
  queuePressure(): 'open' | 'half' | 'full'
  /** A frame or item was refused before it could be decoded. */
  refused(error: KubeInformerError, bytes: number, prefix: Buffer): void
}

import type { KubeInformerError } from '../../src/errors.ts'
import type { DriverHost } from '../../src/reflector/host.ts'

/** What driver and reader ask of the watch they are part of. */
export interface ReflectorHost extends DriverHost {
  chunkStarts(): void
  /** A chunk is through all stages and in the queue. */
  chunkEnds(bytes: number): void
  /** A frame or item was refused before it could be decoded. */
  refused(error: KubeInformerError, bytes: number, prefix: Buffer): void
}

import type { KubeInformerError } from '../src/errors.ts'
import type { ConnectionMaterial } from '../src/protocol/messages.ts'
import type { OpenEffect } from '../src/reflector/host.ts'

/** What a request is for. `stream`: a watch that begins with a list; `probe`: a list of which only the version counts. */
export type RequestKind = OpenEffect['request']

export interface TransportHandler {
  /** The answer is a success and its body follows. Exactly one of onEnd and onError comes last. */
  onHeaders(): void
  /**
   * The bytes are the handler's until the call returns. May still come after `pause()`. `wireBytes`: what came over the
   * wire for them, since the last call, where that is something else than they are.
   */
  onData(chunk: Buffer, wireBytes?: number): void
  onEnd(): void
  /** Also for every answer that is no success; then nothing else was called. */
  onError(error: KubeInformerError): void
}

export interface TransportRequest {
  /** No more calls of the handler from now on; the connection is given up. Idempotent. */
  abort(): void
  /** Stops and resumes reading; what is in memory may still arrive. */
  pause(): void
  resume(): void
}

/** One API server, as the reflector sees it: GET a path, get bytes. Tests and the simulation have their own. */
export interface Transport {
  /** Never calls the handler before it has returned. Waits for ever: who is silent for too long is the caller's to say. */
  open(path: string, query: URLSearchParams, handler: TransportHandler, kind: RequestKind): TransportRequest
  /** New credentials: later requests use them. Running ones go on. */
  setConnection(material: ConnectionMaterial): void
  /** Aborts everything; leaves no socket. */
  close(): Promise<void>
}

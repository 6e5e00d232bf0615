import { fileURLToPath } from 'node:url'
import type { AuditResult } from '../../src/cli/audit.ts'
import type { Compression } from '../../src/index.ts'
import type { Resource } from '../support/objects-file.ts'
import { type Report, Subject } from '../support/subject.ts'

/** `none`: nobody reads; `two`: two fields of every object; `all`: every object is walked from end to end. */
export type Reading = 'none' | 'two' | 'all'

export interface EngineReport extends Report {
  readonly handlerWallMs: number
  /** From `factory.start()` to the handler's first call. */
  readonly firstCallMs: number
  /** To call number `count`. */
  readonly countedMs: number
  readonly heapUsedBytes: number
  readonly objects: number
  readonly added: number
  readonly updated: number
  readonly deleted: number
  /** Time in which the main thread's event loop was not idle, since `factory.start()`. */
  readonly mainBusyMs: number
  /** CPU time of the main thread since then: what busy would be with a core of its own. */
  readonly mainCpuMs: number
  /** Longest turn of own work on main since the last reset, by thread CPU time and by the clock; 0 where nobody reads. */
  readonly sliceCpuMsMax: number
  readonly sliceWallMsMax: number
  readonly gcMsMax: number
  readonly gcMs: number
  /** Last byte read in the worker → handler called, of live changes since the last reset. */
  readonly lagMs: { readonly p50: number; readonly p99: number; readonly max: number } | null
  readonly state: string
  readonly bytesRead: number
  readonly wireBytesRead: number
  readonly received: number
  readonly merged: number
  readonly relists: number
  readonly reconnects: number
  readonly queueBytes: number
  readonly queueBytesPeak: number
  readonly bufferDepth: number
  readonly bufferDepthPeak: number
  /** The answer to `save` only. */
  readonly saveMs?: number
  /** The answer to `audit` only. */
  readonly audit?: AuditResult
}

export interface EngineRunOptions {
  readonly url: string
  readonly read: Reading
  readonly threads?: number
  /** @default pods */
  readonly resource?: Resource
  /** Keeps what the handler is told, for `audit`. */
  readonly fold?: boolean
  /** A snapshot to begin with. */
  readonly warm?: string
  /** See `countedMs`. */
  readonly count?: number
  /** @default none */
  readonly compression?: Compression
  /** Options of Node's own. */
  readonly execArgv?: readonly string[]
}

export function startEngine(options: EngineRunOptions): Subject<EngineReport> {
  const script = fileURLToPath(new URL('./engine-run.ts', import.meta.url))
  return new Subject(`engine reading ${options.read}`, process.execPath, [
    ...(options.execArgv ?? []),
    script,
    '--server',
    options.url,
    '--read',
    options.read,
    ...(options.threads === undefined ? [] : ['--threads', String(options.threads)]),
    ...(options.resource === undefined ? [] : ['--resource', options.resource]),
    ...(options.compression === undefined ? [] : ['--compression', options.compression]),
    ...(options.warm === undefined ? [] : ['--warm', options.warm]),
    ...(options.count === undefined ? [] : ['--count', String(options.count)]),
    ...(options.fold === true ? ['--fold'] : []),
  ])
}

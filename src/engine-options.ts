import { checkNames, checkWhole, type WholeRange } from './base/check-options.ts'
import type { EngineOptions } from './engine/engine.ts'
import { wrongType } from './errors.ts'

const MiB = 1024 * 1024

/** Option → [smallest, largest] allowed; whole numbers all. */
const ranges = {
  threads: [0, 64],
  memoryBytesMax: [MiB, Number.MAX_SAFE_INTEGER],
  maxConcurrentSyncs: [1, 10_000],
  sliceMs: [1, 1_000],
  workerHeapMbMax: [64, 65_536],
} satisfies Partial<Record<keyof EngineOptions, WholeRange>>

export const engineOptionNames: readonly (keyof EngineOptions)[] = [
  ...(Object.keys(ranges) as (keyof typeof ranges)[]),
  'workerUrl',
]

/** Of an engine's own options, or of what stands among a factory's. @throws ERR_INVALID_OPTION */
export function checkEngineOptions(options: EngineOptions): void {
  for (const [name, range] of Object.entries(ranges)) checkWhole(name, Reflect.get(options, name), range)
  const { workerUrl } = options
  if (workerUrl !== undefined && !(workerUrl instanceof URL)) {
    throw wrongType('workerUrl', workerUrl, 'must be a URL')
  }
}

/** @throws ERR_INVALID_OPTION, also for an unknown one */
export function validateEngineOptions(options: EngineOptions): void {
  checkNames('', options, engineOptionNames)
  checkEngineOptions(options)
}

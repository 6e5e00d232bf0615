import type { Stages } from './stages.ts'

export interface ScheduleOptions {
  readonly stages: Stages
  readonly seed: number
  /** Planted in the model of the reflector, which is no part of the engine. */
  readonly watchFromHighestPage?: boolean
  readonly onRule?: (rule: string) => void
  readonly log?: (line: string) => void
}

export interface ScheduleResult {
  readonly steps: number
  readonly keys: number
  readonly violation: string | undefined
}

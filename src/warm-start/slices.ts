import type { Slicer } from '../base/slicer.ts'

/** Calls `step` in the slicer's turns until it returns false; rejects with what it throws. It must end once it is called. */
export function inSlices(slicer: Slicer, step: (deadlineMs: number) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    slicer.wake({
      pump(deadlineMs) {
        try {
          if (step(deadlineMs)) return true
          resolve()
        } catch (error) {
          reject(error)
        }
        return false
      },
    })
  })
}

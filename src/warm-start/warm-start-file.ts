import { invalidOption, wrongType } from '../errors.ts'

/** @throws ERR_INVALID_OPTION */
export function checkFileName(option: string, file: unknown): void {
  if (typeof file !== 'string') throw wrongType(option, file, 'must be the name of a file')
  if (file === '' || file.includes('\0')) throw invalidOption(option, file, 'must be the name of a file')
}

/** Which file one shared informer begins with: whoever selects may say it, but only one, and only before the start. */
export class WarmStartFile {
  #file: string | undefined
  #isTaken = false

  /** @throws ERR_INVALID_OPTION: equal selections share one cache, which cannot begin with two files */
  choose(file: string): void {
    checkFileName('warmStart', file)
    if (file === this.#file) return
    if (this.#file !== undefined) throw invalidOption('warmStart', file, `the file is ${this.#file} already`)
    if (this.#isTaken) throw invalidOption('warmStart', file, 'the informer has been started already')
    this.#file = file
  }

  /** For the start; from now on it is too late to choose. */
  take(): string | undefined {
    this.#isTaken = true
    return this.#file
  }
}

import { isThenable } from '../base/thenable.ts'

/**
 * What is used of a logger: pino's form, facts first, then the text. Called as methods, one line a call; what it throws is
 * ignored.
 */
export interface Logger {
  debug(facts: object, text: string): unknown
  info(facts: object, text: string): unknown
  warn(facts: object, text: string): unknown
  error(facts: object, text: string): unknown
  /** Where it is there, all lines come from a child that says `{ module: 'kube-informer' }`. */
  child?(bindings: object): Logger
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export const logMethods: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** A logger that throws, or rejects, must not reach the watch whose line it was. */
export class SafeLogger {
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = childOf(logger)
  }

  log(level: LogLevel, facts: object, text: string): void {
    try {
      const result = this.#logger[level](facts, text)
      if (isThenable(result)) result.then(undefined, () => {})
    } catch {
      // Nobody is left to tell.
    }
  }
}

/** The logger itself where its child is none: every line would be lost, silently. */
function childOf(logger: Logger): Logger {
  try {
    const child: unknown = logger.child?.({ module: 'kube-informer' })
    if (isThenable(child)) child.then(undefined, () => {})
    return isLogger(child) ? child : logger
  } catch {
    return logger
  }
}

function isLogger(value: unknown): value is Logger {
  return logMethods.every((method) => typeof Reflect.get(Object(value), method) === 'function')
}

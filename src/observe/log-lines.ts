import type { ChannelMessages, ChannelName } from './channels.ts'
import type { LogLevel } from './logger.ts'

export interface LogLine {
  readonly level: LogLevel
  readonly text: string
  /** Lines of one kind are told once a minute; undefined: always, for they come from calls of the user's. */
  readonly kind: string | undefined
}

/** What is logged, by the channel that tells the same: docs/logging.md has it as a table. */
const lines: { readonly [Name in ChannelName]: (message: ChannelMessages[Name]) => LogLine } = {
  'kube-informer:informer:state': ({ state, attempt, downMs, error }) => {
    const kind = `${state} ${error?.code ?? ''}`
    switch (state) {
      case 'retrying':
      case 'forbidden':
      case 'absent':
        return { level: isDeath(error) ? 'debug' : 'warn', text: `${state}, attempt ${attempt}`, kind }
      case 'stalled':
        return { level: 'warn', text: 'stalled: this thread takes less than comes', kind }
      case 'stopped':
        return { level: 'info', text: 'stopped', kind: undefined }
      case 'watching':
        return downMs === undefined
          ? { level: 'debug', text: 'watching', kind }
          : { level: 'info', text: 'watching again', kind: 'again' }
      default:
        return { level: 'debug', text: state, kind }
    }
  },
  'kube-informer:informer:synced': () => ({ level: 'info', text: 'synced', kind: undefined }),
  'kube-informer:list:start': ({ isRelist, isReset, error }) => {
    const kind = `list ${isReset} ${error?.code ?? ''}`
    if (isReset) return { level: 'warn', text: 'versions went back: listing anew, comparing none', kind }
    if (!isRelist) return { level: 'debug', text: 'listing', kind }
    return { level: error === undefined ? 'info' : 'warn', text: 'listing anew', kind }
  },
  'kube-informer:list:end': ({ isComplete }) => ({
    level: 'debug',
    text: isComplete ? 'list complete' : 'list broken off',
    kind: `list end ${isComplete}`,
  }),
  'kube-informer:watch:start': () => ({ level: 'debug', text: 'watch begins', kind: 'watch start' }),
  'kube-informer:watch:end': ({ error }) => ({
    level: 'debug',
    text: 'watch ended',
    kind: `watch end ${error?.code ?? ''}`,
  }),
  'kube-informer:object:refused': ({ key, error }) => ({
    level: 'warn',
    text: `${key ?? 'an object'} is refused`,
    kind: `refused ${error.code}`,
  }),
  'kube-informer:warm-start:refused': () => ({
    level: 'warn',
    text: 'starts cold: its snapshot is not used',
    kind: undefined,
  }),
  'kube-informer:worker:death': () => ({
    level: 'error',
    text: 'its worker thread died: the watch goes on in a new one',
    kind: 'death',
  }),
  'kube-informer:handler:error': ({ handler, key }) => ({
    level: 'error',
    text: key === '' ? `${handler} failed` : `${handler} failed for ${key}`,
    kind: handler,
  }),
}

/** Told by a channel, and a line, of its own. */
export function isDeath(error: { readonly code: string } | undefined): boolean {
  return error?.code === 'ERR_WORKER_DIED' || error?.code === 'ERR_WORKER_START'
}

export function lineOf<Name extends ChannelName>(name: Name, message: ChannelMessages[Name]): LogLine {
  return lines[name](message)
}

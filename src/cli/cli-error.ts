import { KubeInformerError } from '../errors.ts'

/** Wrong input on the command line: no stack, exit code 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}

export interface ErrorReport {
  /** One line: what happened and what to do about it. */
  readonly line: string
  /** What happened, without what to do. */
  readonly text: string
  readonly advice: string | undefined
  readonly exitCode: number
}

export const exitCodes: { readonly failure: 1; readonly usage: 2; readonly auditFailed: 3 } = {
  failure: 1,
  usage: 2,
  auditFailed: 3,
}

/** Turns any error into what a person at a terminal needs. Never a stack: those are for bugs of ours. */
export function reportOf(
  error: unknown,
  context: { readonly server?: string | undefined } = {},
): ErrorReport {
  if (error instanceof UsageError) return report(error.message, undefined, exitCodes.usage)
  if (!(error instanceof KubeInformerError)) {
    const text = error instanceof Error ? error.message || error.name : String(error)
    return report(text, undefined, exitCodes.failure)
  }
  const cause = causeText(error)
  const told = withFlag(error, context.server)
  const text = cause === '' || told.includes(cause) ? told : `${told}: ${cause}`
  const hint = hintFor(error, cause, context.server)
  const usage = error.code === 'ERR_INVALID_OPTION' || error.code === 'ERR_INVALID_SELECTOR'
  return report(text, hint, usage ? exitCodes.usage : exitCodes.failure)
}

function report(told: string, advice: string | undefined, exitCode: number): ErrorReport {
  const text = oneLine(told)
  return { line: advice === undefined ? text : oneLine(`${text} – ${advice}`), text, advice, exitCode }
}

const flags: Readonly<Record<string, string>> = {
  threads: '--threads',
  inFlightBytesMax: '--in-flight-bytes',
  'buffer.countMax': '--buffer-count',
  'buffer.bytesMax': '--buffer-bytes',
  ca: '--certificate-authority',
  cert: '--client-certificate',
  key: '--client-key',
}

/** The library names its options; here they have other names. */
function withFlag({ message, facts: { option } }: KubeInformerError, server: string | undefined): string {
  if (option === undefined) return message
  // A user or password in an address must not come back on the screen.
  if (option === 'server' && server !== undefined && !server.includes('@')) {
    return `--server '${server}': ${message}`
  }
  const flag = Object.hasOwn(flags, option) ? flags[option] : undefined
  if (flag === undefined) return message
  return message.startsWith(`option ${option}:`)
    ? message.replace(`option ${option}:`, flag)
    : `${flag}: ${message}`
}

function hintFor(error: KubeInformerError, cause: string, server: string | undefined): string | undefined {
  switch (error.code) {
    case 'ERR_CONNECTION':
    case 'ERR_SILENT_CONNECTION':
    case 'ERR_STREAM_ENDED':
      if (/ALTNAME/i.test(cause)) {
        return "the certificate is another name's: set tls-server-name in the kubeconfig's cluster (tlsServerName in code)"
      }
      if (/certificate|CERT_|SELF_SIGNED/i.test(cause)) {
        return "pass the cluster's CA with --certificate-authority FILE, ca in code (or --insecure-skip-tls-verify to trust anything)"
      }
      if (/wrong version number|EPROTO/i.test(cause))
        return 'the server does not speak TLS there: try http://'
      return `is the API server running${server === undefined ? '' : ` at ${server}`}? Check --server, --kubeconfig, --context`
    case 'ERR_UNEXPECTED_BODY':
      return `is ${server ?? 'that address'} a Kubernetes API server?`
    case 'ERR_UNAUTHORIZED':
      return 'the credentials are missing, wrong or expired: check --token, or the user of --context'
    case 'ERR_FORBIDDEN':
      return 'this needs the verbs list and watch; ask for them, or narrow the watch with -n NAMESPACE'
    case 'ERR_NOT_FOUND':
    case 'ERR_UNKNOWN_RESOURCE':
      return 'see the names with `kubectl api-resources`; a custom one is spelled widgets.example.com or widgets.v1.example.com'
    case 'ERR_KUBECONFIG':
      return 'pass --kubeconfig FILE and --context NAME, or --server URL (or --embedded for a server of our own)'
    case 'ERR_CREDENTIALS':
      return "check the user of the kubeconfig's context"
    case 'ERR_INVALID_SELECTOR':
      return "selectors look like 'app=web,tier in (a,b),!canary'"
    case 'ERR_INTERNAL':
      return 'this is a bug of kube-informer, please report it'
    default:
      return undefined
  }
}

/** What the network said: the innermost cause has the facts (`connect ECONNREFUSED 127.0.0.1:6443`). */
function causeText(error: Error): string {
  let cause: unknown = error.cause
  let text = ''
  for (let depth = 0; cause instanceof Error && depth < 5; depth++) {
    text = cause.message || ('code' in cause ? String(cause.code) : text)
    cause = cause instanceof AggregateError ? cause.errors[0] : cause.cause
  }
  // A cause that came from another thread carries its class in its text.
  return text.replace(/^(?:\w*Error: )+/, '')
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').trim()
}

import { isBearerToken } from './bearer-token.ts'
import { certificateFault } from './client-certificate.ts'
import { isRecord, parsedJson } from './json-value.ts'

/** What a plugin gave: a token, a client certificate, or both. */
export interface ExecCredential {
  readonly token?: string
  readonly cert?: string
  readonly key?: string
  /** Ms since the epoch. */
  readonly expiresAtMs?: number
}

/** Of a plugin's answer; `refuse` makes the error, and never sees what the plugin printed. */
export function parseExecCredential(
  text: string,
  apiVersion: string,
  refuse: (why: string) => Error,
): ExecCredential {
  const answer = parsedJson(text)
  if (!isRecord(answer) || answer['kind'] !== 'ExecCredential') {
    throw refuse('did not print an ExecCredential as JSON')
  }
  if (answer['apiVersion'] !== apiVersion) {
    throw refuse(`answered with another apiVersion than ${apiVersion}, which its kubeconfig names`)
  }
  const status = isRecord(answer['status']) ? answer['status'] : {}
  const token = textOf(status['token'])
  const cert = textOf(status['clientCertificateData'])
  const key = textOf(status['clientKeyData'])
  if (token === undefined && cert === undefined && key === undefined) {
    throw refuse('gave neither a token nor a client certificate')
  }
  if (token !== undefined && !isBearerToken(token)) throw refuse('gave a token that no header can hold')
  if ((cert === undefined) !== (key === undefined)) {
    throw refuse('gave half a client certificate: clientCertificateData and clientKeyData belong together')
  }
  const why = cert === undefined || key === undefined ? undefined : certificateFault(cert, key)
  if (why !== undefined) throw refuse(`gave a client certificate that cannot be used: ${why}`)
  const expiry = status['expirationTimestamp']
  const hasExpiry = expiry !== undefined && expiry !== null && expiry !== ''
  const expiresAtMs = !hasExpiry ? undefined : typeof expiry === 'string' ? Date.parse(expiry) : Number.NaN
  if (Number.isNaN(expiresAtMs)) throw refuse('gave an expirationTimestamp that is no time')
  return {
    ...(token !== undefined && { token }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(expiresAtMs !== undefined && { expiresAtMs }),
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}

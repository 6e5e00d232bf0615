import { expect, test } from 'vitest'
import { reportOf, UsageError } from '../../src/cli/cli-error.ts'
import { type ErrorCode, errorCodes, KubeInformerError } from '../../src/errors.ts'

test('every code gives one line and a non-zero exit code', () => {
  for (const code of Object.keys(errorCodes) as ErrorCode[]) {
    const report = reportOf(new KubeInformerError(code, 'what\nhappened', { cause: new Error('why\n  so') }))
    expect(report.line).toMatch(/^what happened: why so/)
    expect(report.line).not.toContain('\n')
    expect(report.exitCode).toBeGreaterThan(0)
  }
})

test.each<[string, unknown, RegExp, number]>([
  [
    'refused connection',
    new KubeInformerError('ERR_CONNECTION', 'https://h cannot be reached', {
      cause: new Error('connect ECONNREFUSED 127.0.0.1:1'),
    }),
    /cannot be reached: connect ECONNREFUSED 127\.0\.0\.1:1 – is the API server running at https:\/\/h\?/,
    1,
  ],
  [
    'unknown authority',
    new KubeInformerError('ERR_CONNECTION', 'no', { cause: new Error('self-signed certificate') }),
    /--certificate-authority FILE, ca in code/,
    1,
  ],
  [
    'a name that is not in the certificate',
    new KubeInformerError('ERR_CONNECTION', 'no', {
      cause: new Error("ERR_TLS_CERT_ALTNAME_INVALID: Hostname/IP does not match certificate's altnames"),
    }),
    /tls-server-name .*tlsServerName/,
    1,
  ],
  [
    'TLS on a plain port',
    new KubeInformerError('ERR_CONNECTION', 'no', {
      cause: new Error('ssl3_get_record:wrong version number'),
    }),
    /try http:\/\//,
    1,
  ],
  [
    'no permission',
    new KubeInformerError('ERR_FORBIDDEN', 'pods is forbidden'),
    /list and watch.*-n NAMESPACE/,
    1,
  ],
  ['bad selector', new KubeInformerError('ERR_INVALID_SELECTOR', 'no'), /selectors look like/, 2],
  ['usage', new UsageError('--x is wrong'), /^--x is wrong$/, 2],
  ['a stranger', new TypeError('boom'), /^boom$/, 1],
])('%s', (_name, error, line, exitCode) => {
  const report = reportOf(error, { server: 'https://h' })
  expect(report.line).toMatch(line)
  expect(report.exitCode).toBe(exitCode)
})

test('several addresses tried: the first refusal is told', () => {
  const cause = new AggregateError([new Error('connect ECONNREFUSED ::1:1'), new Error('other')], '')
  expect(reportOf(new KubeInformerError('ERR_CONNECTION', 'no', { cause })).line).toContain(
    'ECONNREFUSED ::1:1',
  )
})

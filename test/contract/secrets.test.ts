import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createInformerFactory } from '../../src/index.ts'
import { threadCounts, until } from './contract-bed.ts'

const token = 'a-secret&token'

describe.each(threadCounts)('a server that says our token, threads: $threads', ({ threads }) => {
  let server: Server

  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  it.each([
    ['an error', 500, (status: string) => status],
    ['an error, escaped', 500, (status: string) => status.replaceAll('secret', String.raw`\u0073ecret`)],
    ['an ERROR event', 200, (status: string) => `{"type":"ERROR","object":${status}}\n`],
  ])('does not stand in what is shown of %s', async (_what, code, bodyOf) => {
    server = createServer(({ headers }, response) => {
      const said = `I got ${headers.authorization}`
      const status = JSON.stringify({ kind: 'Status', code: 500, message: said, reason: said })
      response.writeHead(code, { 'content-type': 'application/json' }).end(bodyOf(status))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const factory = createInformerFactory({
      kubeConfig: { server: `http://127.0.0.1:${port}`, token },
      threads,
    })
    const { informer } = factory.core.v1.configmaps
    factory.start()
    await until(() => informer.lastError !== undefined, 'the error is shown')
    const { message, facts, cause } = informer.lastError as NonNullable<typeof informer.lastError>
    await factory.close()
    expect(message).toContain('I got Bearer [redacted]')
    expect(`${message} ${JSON.stringify(facts)} ${String(cause)}`).not.toContain(token)
  })
})

import { request } from 'node:https'
import { expect, test } from 'vitest'
import { testCertificate } from '../support/test-certificate.ts'
import { send, startServer } from './server-client.ts'

test('with a certificate it speaks TLS, and nothing else', async () => {
  const server = await startServer({ tls: testCertificate })
  expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const options = { ca: testCertificate.cert, agent: false }
    request(`${server.url}/api/v1/pods`, options, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
  expect(status).toBe(200)
  await expect(send(server.url.replace('https', 'http'), 'GET', '/api/v1/pods')).rejects.toThrow()
})

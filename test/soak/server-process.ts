import { request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { startChild } from '../support/child-process.ts'
import { until } from '../support/until.ts'

/** The embedded server in a process of its own: its memory is not the engine's. */
export interface ServerProcess {
  readonly url: string
  /** One of the server's commands: 'churn', 'rewrite', 'stop-churn', ... */
  control(name: string, body?: Readonly<Record<string, unknown>>): Promise<void>
  /** The connection that asks is one of its `connections`. */
  stats(): Promise<Readonly<Record<string, number>>>
  stop(): Promise<void>
}

const program = fileURLToPath(new URL('../../src/testing/embedded/main.ts', import.meta.url))

export async function startServerProcess(options: {
  readonly objects: number
  readonly resource?: string
}): Promise<ServerProcess> {
  let text = ''
  const child = startChild(
    process.execPath,
    [program, '--objects', String(options.objects), '--resource', options.resource ?? 'pods'],
    { onStdout: (more) => void (text += more) },
  )
  const line = await until(
    () => {
      if (child.process.exitCode !== null) throw new Error(`the embedded server ended:\n${child.output()}`)
      return text.includes('\n') ? text : undefined
    },
    'the embedded server is ready',
    60_000,
  )
  const { url }: { url: string } = JSON.parse(line)
  const ask = (name: string, body?: string): Promise<string> =>
    new Promise((resolve, reject) => {
      // No agent: a connection kept alive here would be taken for one the engine left.
      const method = body === undefined ? 'GET' : 'POST'
      const headers = { 'content-type': 'application/json' }
      request(`${url}/embedded/${name}`, { method, headers, agent: false }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (more: string) => void (text += more))
        response.once('error', reject)
        response.once('end', () => {
          if (response.statusCode === 200) resolve(text)
          else reject(new Error(`${name}: ${response.statusCode} ${text}`))
        })
      })
        .once('error', reject)
        .end(body)
    })
  return {
    url,
    async control(name, body = {}) {
      await ask(name, JSON.stringify(body))
    },
    async stats() {
      return JSON.parse(await ask('stats'))
    },
    stop: () => child.stop('SIGKILL'),
  }
}

import { join } from 'node:path'
import { request } from 'undici'
import { type Child, startChild } from '../../test/support/child-process.ts'
import { repositoryDir } from '../../test/support/go-build.ts'
import { until } from '../../test/support/until.ts'

export interface EmbeddedServer {
  readonly url: string
  readonly pid: number
  post(path: string, body?: Readonly<Record<string, unknown>>): Promise<unknown>
  stats(): Promise<Readonly<Record<string, number>>>
  stop(): Promise<void>
}

/** The embedded API server in a process of its own, so that it shares no thread and no heap with what it feeds. */
export async function startEmbedded(objects: number, resource = 'pods'): Promise<EmbeddedServer> {
  let text = ''
  const child: Child = startChild(
    process.execPath,
    [
      join(repositoryDir, 'src/testing/embedded/main.ts'),
      '--objects',
      String(objects),
      '--resource',
      resource,
      '--port',
      '0',
    ],
    {
      onStdout: (more) => {
        text += more
      },
    },
  )
  await until(
    () => {
      if (child.process.exitCode !== null) throw new Error(`the embedded server ended:\n${child.output()}`)
      return text.includes('\n')
    },
    'the embedded server is ready',
    120_000,
  )
  const { url }: { url: string } = JSON.parse(text.slice(0, text.indexOf('\n')))
  const call = async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> => {
    const response = await request(`${url}/embedded/${path}`, {
      method,
      // Some commands answer when they are done, which for a rewrite of everything takes minutes.
      headersTimeout: 0,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })
    const text = await response.body.text()
    if (response.statusCode >= 300) throw new Error(`${method} ${path}: ${response.statusCode} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  return {
    url,
    pid: child.process.pid ?? 0,
    post: (path, body = {}) => call('POST', path, body),
    stats: async () => (await call('GET', 'stats')) as Record<string, number>,
    stop: () => child.stop('SIGKILL'),
  }
}

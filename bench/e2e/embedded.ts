import { join } from 'node:path'
import { type Child, startChild, until } from '../../test/support/child-process.ts'
import { repositoryDir } from '../../test/support/go-build.ts'

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
  await until('the embedded server is ready', 120_000, () => {
    if (child.process.exitCode !== null) throw new Error(`the embedded server ended:\n${child.output()}`)
    return text.includes('\n') ? true : undefined
  })
  const { url }: { url: string } = JSON.parse(text.slice(0, text.indexOf('\n')))
  const answer = async (response: Response): Promise<unknown> => {
    const body = await response.text()
    if (!response.ok) throw new Error(`${response.url}: ${response.status} ${body}`)
    return body === '' ? undefined : JSON.parse(body)
  }
  return {
    url,
    pid: child.process.pid ?? 0,
    async post(path, body = {}) {
      return await answer(
        await fetch(`${url}/embedded/${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      )
    },
    async stats() {
      return (await answer(await fetch(`${url}/embedded/stats`))) as Record<string, number>
    },
    stop: () => child.stop('SIGKILL'),
  }
}

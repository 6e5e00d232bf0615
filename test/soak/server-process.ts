import { fileURLToPath } from 'node:url'
import { startChild, until } from '../support/child-process.ts'

/** The embedded server in a process of its own: its memory is not the engine's. */
export interface ServerProcess {
  readonly url: string
  /** One of the server's commands: 'churn', 'rewrite', 'stop-churn', ... */
  control(name: string, body?: Readonly<Record<string, unknown>>): Promise<void>
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
  const line = await until('the embedded server is ready', 60_000, () => {
    if (child.process.exitCode !== null) throw new Error(`the embedded server ended:\n${child.output()}`)
    return text.includes('\n') ? text : undefined
  })
  const { url }: { url: string } = JSON.parse(line)
  const ask = async (name: string, init: RequestInit): Promise<string> => {
    const response = await fetch(`${url}/embedded/${name}`, init)
    const body = await response.text()
    if (!response.ok) throw new Error(`${name}: ${response.status} ${body}`)
    return body
  }
  return {
    url,
    async control(name, body = {}) {
      const headers = { 'content-type': 'application/json' }
      await ask(name, { method: 'POST', headers, body: JSON.stringify(body) })
    },
    async stats() {
      return JSON.parse(await ask('stats', {}))
    },
    stop: () => child.stop('SIGKILL'),
  }
}

import { join } from 'node:path'
import { startChild } from '../../test/support/child-process.ts'
import { buildGo, repositoryDir } from '../../test/support/go-build.ts'
import type { Resource } from '../support/objects-file.ts'
import { type Report, Subject } from '../support/subject.ts'

export interface GoBinaries {
  readonly server: string
  readonly client: string
}

export async function buildGoPeers(log: (line: string) => void): Promise<GoBinaries> {
  const dir = await buildGo(
    join(repositoryDir, 'bench/peers/go'),
    'peers',
    [
      { package: './server', binary: 'server' },
      { package: './client', binary: 'client' },
    ],
    log,
  )
  return { server: join(dir, 'server'), client: join(dir, 'client') }
}

export interface NeutralServer {
  readonly url: string
  /** Of the initial stream, by encoding: `json`, and `protobuf` of what is no custom resource. */
  readonly bytes: Readonly<Record<string, number>>
  /** Sends `rate` events a second for that long; resolves when they are sent. */
  churn(rate: number, seconds: number): Promise<{ readonly sent: number; readonly dropped: number }>
  stop(): Promise<void>
}

/** The Go server with `count` objects of `file`, in all encodings that the resource has. */
export async function startNeutralServer(
  binaries: GoBinaries,
  file: string,
  count: number,
  resource: Resource = 'pods',
): Promise<NeutralServer> {
  let text = ''
  let wake: (() => void) | undefined
  const args = ['-file', file, '-n', String(count), '-resource', resource]
  const child = startChild(binaries.server, args, {
    onStdout: (more) => {
      text += more
      wake?.()
    },
  })
  void child.exited.then(() => wake?.())
  while (!text.includes('\n')) {
    if (child.process.exitCode !== null) throw new Error(`the neutral server ended:\n${child.output()}`)
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
  const ready: { url: string; bytes: NeutralServer['bytes'] } = JSON.parse(text)
  return {
    ...ready,
    async churn(rate, seconds) {
      const response = await fetch(`${ready.url}/churn?rate=${rate}&seconds=${seconds}`, { method: 'POST' })
      if (!response.ok) throw new Error(`churn: ${response.status} ${await response.text()}`)
      return (await response.json()) as { sent: number; dropped: number }
    },
    stop: () => child.stop('SIGKILL'),
  }
}

export type Encoding = 'json' | 'protobuf'

export interface ClientGoOptions {
  readonly url: string
  readonly encoding: Encoding
  /** @default pods */
  readonly resource?: Resource
  /** The garbage collector's GOGC; undefined: Go's default, 100. */
  readonly gogc?: number
}

export function startClientGo(
  binaries: GoBinaries,
  { url, encoding, resource = 'pods', gogc }: ClientGoOptions,
): Subject<Report & { readonly handlerWallMs: number; readonly updated: number }> {
  const contentType = encoding === 'json' ? 'application/json' : 'application/vnd.kubernetes.protobuf'
  return new Subject(
    `client-go ${encoding}`,
    binaries.client,
    ['-url', url, '-content-type', contentType, '-resource', resource],
    gogc === undefined ? {} : { GOGC: String(gogc) },
  )
}

import { join } from 'node:path'
import { startChild } from '../../test/support/child-process.ts'
import { buildGo, repositoryDir } from '../../test/support/go-build.ts'
import { type Report, Subject } from './subject.ts'

export interface PeerBinaries {
  readonly server: string
  readonly client: string
}

export async function buildPeers(log: (line: string) => void): Promise<PeerBinaries> {
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
  readonly bytes: { readonly json: number; readonly protobuf: number }
  /** Sends `rate` events a second for that long; resolves when they are sent. */
  churn(rate: number, seconds: number): Promise<{ readonly sent: number; readonly dropped: number }>
  stop(): Promise<void>
}

/** The Go server with `count` pods of `file`, in both encodings. */
export async function startNeutralServer(
  binaries: PeerBinaries,
  file: string,
  count: number,
): Promise<NeutralServer> {
  let text = ''
  let wake: (() => void) | undefined
  const child = startChild(binaries.server, ['-file', file, '-n', String(count)], {
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

export function startClientGo(
  binaries: PeerBinaries,
  url: string,
  encoding: Encoding,
  gogc?: number,
): Subject<Report & { readonly handlerWallMs: number; readonly updated: number }> {
  const contentType = encoding === 'json' ? 'application/json' : 'application/vnd.kubernetes.protobuf'
  return new Subject(
    `client-go ${encoding}`,
    binaries.client,
    ['-url', url, '-content-type', contentType],
    gogc === undefined ? {} : { GOGC: String(gogc) },
  )
}

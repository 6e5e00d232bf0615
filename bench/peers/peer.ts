import { fileURLToPath } from 'node:url'
import { startEngine } from '../e2e/engine.ts'
import type { Resource } from '../support/objects-file.ts'
import { type Report, Subject } from '../support/subject.ts'
import { buildDist, buildKubeRs } from './build.ts'
import { type Encoding, type GoBinaries, startClientGo } from './neutral-server.ts'

export interface Place {
  readonly url: string
  readonly resource: Resource
}

/** One client under comparison. */
export interface Peer {
  readonly name: string
  readonly title: string
  /** What must be there first. @throws MissingToolError: it is skipped, and the message says why */
  prepare(binaries: GoBinaries, log: (line: string) => void): Promise<(place: Place) => Subject<Report>>
  /** Why it has no part in such a case. */
  refuses?(resource: Resource): string | undefined
}

/** The one that all others are measured against. */
export const own = 'engine'

export const peers: readonly Peer[] = [
  {
    name: own,
    title: 'kube-informer (from source)',
    prepare: async () => (place) => startEngine({ ...place, read: 'two' }),
  },
  {
    name: 'engine-dist',
    title: 'kube-informer (built)',
    async prepare(_binaries, log) {
      await buildDist(log)
      const execArgv = ['--import', new URL('./dist-hook.ts', import.meta.url).href]
      return (place) => startEngine({ ...place, read: 'two', execArgv })
    },
  },
  clientGo('client-go-json', 'client-go JSON', 'json'),
  clientGo('client-go-protobuf', 'client-go protobuf', 'protobuf'),
  clientGo('client-go-protobuf-gogc50', 'client-go protobuf, GOGC=50', 'protobuf', 50),
  {
    name: 'kube-rs',
    title: 'kube-rs JSON',
    async prepare(_binaries, log) {
      const binary = await buildKubeRs(log)
      return ({ url, resource }) => new Subject('kube-rs', binary, [url, resource])
    },
  },
  clientNode('client-node', 'client-node makeInformer', []),
  clientNode('client-node-paged', 'client-node makeInformer, pages of 500', ['500']),
]

function clientGo(name: string, title: string, encoding: Encoding, gogc?: number): Peer {
  return {
    name,
    title,
    prepare: async (binaries) => (place) =>
      startClientGo(binaries, { ...place, encoding, ...(gogc && { gogc }) }),
    refuses: (resource) =>
      encoding === 'protobuf' && resource === 'landscapes' ? 'custom resources have no protobuf' : undefined,
  }
}

function clientNode(name: string, title: string, args: readonly string[]): Peer {
  const script = fileURLToPath(new URL('./client-node-run.ts', import.meta.url))
  return {
    name,
    title,
    prepare:
      async () =>
      ({ url, resource }) =>
        new Subject(name, process.execPath, [script, url, resource, ...args]),
  }
}

// `npm run bench:peers`: the same objects from the same server to the engine and its peers, each in a process of its own.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MissingToolError, repositoryDir } from '../test/support/go-build.ts'
import { cases } from './peers/cases.ts'
import { buildGoPeers, type GoBinaries, startNeutralServer } from './peers/neutral-server.ts'
import { own, type Peer, peers } from './peers/peer.ts'
import { type CaseResult, formatReport, type Skipped } from './peers/report.ts'
import { countOf, runCase, type Starter } from './peers/run-case.ts'
import { machineFacts } from './support/machine.ts'
import { objectsFile } from './support/objects-file.ts'

const usage = `usage: npm run bench:peers -- [--case NAME]... [--peer NAME]... [--runs 3] [--quick] [--out FILE]
  --case   ${cases.map(({ name }) => name).join(', ')} (default: all)
  --peer   ${peers.map(({ name }) => name).join(', ')}
           (default: all; ${own} always runs, all ratios are its)
  --runs   medians of so many runs
  --quick  few objects, one run: shows that the bench works, its figures mean nothing
  --out    also writes the Markdown there`

const log = (line: string): void => console.error(line)

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      case: { type: 'string', multiple: true, default: [] },
      peer: { type: 'string', multiple: true, default: [] },
      runs: { type: 'string' },
      quick: { type: 'boolean', default: false },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const isKnown =
    values.case.every((name) => cases.some((each) => each.name === name)) &&
    values.peer.every((name) => peers.some((each) => each.name === name))
  const runs = Number(values.runs ?? (values.quick ? 1 : 3))
  if (values.help || !isKnown || !Number.isSafeInteger(runs) || runs < 1) {
    console.error(usage)
    return values.help ? 0 : 2
  }
  const skipped: Skipped[] = []
  const results: CaseResult[] = []
  const binaries = await buildGoPeers(log).catch(
    skipIfMissing(skipped, 'everything: the server is written in Go'),
  )
  if (binaries !== undefined) {
    const isWanted = ({ name }: Peer): boolean =>
      values.peer.length === 0 || name === own || values.peer.includes(name)
    const starters = await prepare(peers.filter(isWanted), binaries, skipped)
    for (const each of cases) {
      if (values.case.length > 0 && !values.case.includes(each.name)) continue
      const { resource } = each
      const count = countOf(each, values.quick)
      const taking = new Map<Peer, Starter>()
      for (const [peer, starter] of starters) {
        const why = peer.refuses?.(resource)
        if (why === undefined) taking.set(peer, starter)
        else skipped.push({ what: `${each.name}, ${peer.title}`, why })
      }
      const server = await startNeutralServer(
        binaries,
        await objectsFile(resource, count, log),
        count,
        resource,
      )
      try {
        log(`${each.name}: ${count} ${resource}`)
        const rows = await runCase(taking, {
          place: { url: server.url, resource },
          count,
          runs,
          syncMsMax: 300_000,
          settleMs: values.quick ? 500 : 5_000,
          log,
        })
        results.push({ title: titleOf(each.name, count, resource, server.bytes), rows })
        for (const { peer, failure } of rows) {
          if (failure !== undefined) skipped.push({ what: `${each.name}, ${peer.title}`, why: failure })
        }
      } finally {
        await server.stop()
      }
    }
  }
  const quick = values.quick ? ['--quick: few objects and a shorter rest; these figures say nothing'] : []
  const facts = [...quick, ...(await machineFacts()), ...(await versions())]
  const text = formatReport(facts, runs, results, skipped)
  console.log(text)
  if (values.out !== undefined) await writeFile(values.out, `${text}\n`)
  // A peer may fail, that is a result; without figures of our own there is none.
  const isMeasured = ({ rows }: CaseResult): boolean =>
    rows.some(({ peer, failure }) => peer.name === own && failure === undefined)
  return results.length > 0 && results.every(isMeasured) ? 0 : 1
}

async function prepare(
  wanted: readonly Peer[],
  binaries: GoBinaries,
  skipped: Skipped[],
): Promise<ReadonlyMap<Peer, Starter>> {
  const starters = new Map<Peer, Starter>()
  for (const peer of wanted) {
    const starter = await peer.prepare(binaries, log).catch(skipIfMissing(skipped, peer.title))
    if (starter !== undefined) starters.set(peer, starter)
  }
  return starters
}

/** Only a tool that the machine lacks is a reason to go on; code that does not build is a fault. */
function skipIfMissing(skipped: Skipped[], what: string): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof MissingToolError)) throw error
    skipped.push({ what, why: error.message })
    return undefined
  }
}

function titleOf(
  name: string,
  count: number,
  resource: string,
  bytes: Readonly<Record<string, number>>,
): string {
  const sizes = ['json', 'protobuf'].flatMap((encoding) => {
    const size = bytes[encoding]
    return size === undefined ? [] : [`${Math.round(size / 1e6)} MB of ${encoding}`]
  })
  return `${name}: ${[`${count.toLocaleString('en')} ${resource}`, ...sizes].join(', ')}`
}

/** Of the peers, as their lock files have them. */
async function versions(): Promise<string[]> {
  const read = (path: string): Promise<string> => readFile(join(repositoryDir, path), 'utf8')
  const found = (text: string, pattern: RegExp): string => pattern.exec(text)?.[1] ?? 'unknown'
  const clientNode = await read('node_modules/@kubernetes/client-node/package.json')
  return [
    `client-go ${found(await read('bench/peers/go/go.mod'), /k8s\.io\/client-go v(\S+)/)}`,
    `kube-rs ${found(await read('bench/peers/kube-rs/Cargo.lock'), /name = "kube"\nversion = "([^"]+)"/)}`,
    `client-node ${found(clientNode, /"version": "([^"]+)"/)}`,
  ]
}

process.exitCode = await main()

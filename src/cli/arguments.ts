import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { version } from '../base/version.ts'
import { UsageError } from './cli-error.ts'
import { parseBytes, parseCount, parseDurationMs } from './units.ts'

export interface ConnectionArguments {
  readonly kubeconfig?: string
  readonly context?: string
  readonly server?: string
  readonly token?: string
  readonly tokenFile?: string
  readonly certificateAuthority?: string
  readonly clientCertificate?: string
  readonly clientKey?: string
  readonly insecureSkipTlsVerify?: true
}

export type OutputMode = 'live' | 'text' | 'changes' | 'jsonl' | 'json'
export type ReadMode = 'none' | 'metadata' | 'all'

export interface WatchArguments extends ConnectionArguments {
  /** As typed, commas taken apart. */
  readonly resources: readonly string[]
  readonly namespace?: string
  readonly allNamespaces?: true
  readonly selector?: string
  readonly threads?: number
  readonly inFlightBytes?: number
  readonly bufferCount?: number
  readonly bufferBytes?: number
  readonly read: ReadMode
  readonly untilSynced?: true
  /** Milliseconds. */
  readonly duration?: number
  /** Left out: live where stdout is a terminal, else text. */
  readonly output?: OutputMode
  /** false: `--no-color`. */
  readonly color: boolean
  readonly embedded?: true
  readonly objects?: number
  readonly rate?: number
  readonly seed?: number
}

export interface ServeArguments {
  readonly port: number
  readonly resource: string
  readonly objects: number
  readonly rate: number
  readonly seed?: number
  readonly writeKubeconfig?: string
}

export interface CommandActions {
  watch(options: WatchArguments): Promise<void>
  serve(options: ServeArguments): Promise<void>
}

/** Parses and runs; rejects with {@link UsageError} for anything the user got wrong. */
export async function runArguments(argv: readonly string[], actions: CommandActions): Promise<void> {
  const program = createProgram(actions)
  try {
    await program.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // --help and --version end that way too, with code 0, their text written.
    if (error.exitCode !== 0) throw new UsageError(`${error.message.replace(/^error: /, '')} (see --help)`)
  }
}

function createProgram(actions: CommandActions): Command {
  const program = new Command('kube-informer')
    .description("A Kubernetes cluster's state, live, without blocking the event loop.")
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .showSuggestionAfterError()
    .version(version)
    .helpCommand(true)
  addWatch(program, actions)
  addServe(program, actions)
  // Last, for commands inherit what stands before them. Without it a mistyped command is an argument too many.
  program.allowExcessArguments().action(() => {
    const [typed] = program.args
    throw new UsageError(
      typed === undefined
        ? 'which command? `watch pods --embedded` shows what this does (see --help)'
        : `unknown command '${typed}'; there are watch and serve (see --help)`,
    )
  })
  return program
}

function addWatch(program: Command, actions: CommandActions): void {
  program
    .command('watch <resources...>')
    .description(
      'keep resources (pods,nodes or pods nodes) in a local cache and show what happens; ends with a summary',
    )
    .addOption(
      new Option('--kubeconfig <file>', 'default: $KUBECONFIG, else ~/.kube/config').conflicts([
        'server',
        'embedded',
      ]),
    )
    .addOption(new Option('--context <name>', 'of the kubeconfig').conflicts(['server', 'embedded']))
    .addOption(new Option('--server <url>', 'an API server by its address').conflicts('embedded'))
    .option('--token <token>', 'bearer token (visible to other users of this machine: prefer --token-file)')
    .addOption(new Option('--token-file <file>', 'file with a bearer token').conflicts('token'))
    .option('--certificate-authority <file>', "the server's CA, PEM")
    .option('--client-certificate <file>', 'PEM')
    .option('--client-key <file>', 'PEM')
    .option('--insecure-skip-tls-verify', "do not check the server's certificate")
    .option('-n, --namespace <name>', 'only this namespace', namespace)
    .addOption(new Option('-A, --all-namespaces', 'all namespaces (the default)').conflicts('namespace'))
    .option('-l, --selector <labels>', "label selector, such as 'app=web,tier in (a,b)'")
    .option('--threads <n>', 'worker threads; 0: everything in the main thread', count('threads'))
    .option('--in-flight-bytes <size>', 'between worker and main thread, such as 8MiB', bytes)
    .option('--buffer-count <n>', "changes the listener's buffer keeps apart", count('changes'))
    .option('--buffer-bytes <size>', "bytes the listener's buffer keeps apart", bytes)
    .addOption(
      new Option('--read <what>', 'what the handler reads of each object')
        .choices(['none', 'metadata', 'all'])
        .default('metadata'),
    )
    .option('--until-synced', 'end once the handler has finished the initial list')
    .option('--duration <time>', 'end after 10s, 5m, 500ms', duration)
    .addOption(
      new Option('-o, --output <mode>', 'how to show it (default: live in a terminal, else text)').choices([
        'live',
        'text',
        'changes',
        'jsonl',
        'json',
      ]),
    )
    .option('--no-color', 'live without colours; NO_COLOR and FORCE_COLOR are heard, too')
    .option(
      '--embedded',
      'watch an API server of our own, in a thread of its own, and audit the cache at the end',
    )
    .option(
      '--objects <n>',
      'objects of the embedded server, of the first resource; the others have a twentieth',
      count('objects'),
    )
    .option(
      '--rate <n>',
      'changes per second of the embedded server, in the first resource',
      count('changes'),
    )
    .option('--seed <n>', "of the embedded server's objects and changes", seed)
    .action(async (typed: readonly string[], options: Omit<WatchArguments, 'resources'>) => {
      const parsed = { ...options, resources: resourceNames(typed) }
      checkWatch(parsed)
      await actions.watch(parsed)
    })
}

function addServe(program: Command, actions: CommandActions): void {
  program
    .command('serve')
    .description('run the embedded API server until interrupted; prints its URL')
    .option('--port <n>', '0: any free one', port, 0)
    .option('--resource <name>', 'what to fill it with', 'pods')
    .option('--objects <n>', 'how many', count('objects'), 1_000)
    .option('--rate <n>', 'changes per second', count('changes'), 0)
    .option('--seed <n>', 'of objects and changes', seed)
    .option('--write-kubeconfig <file>', 'so that other tools find it')
    .action((options: ServeArguments) => actions.serve(options))
}

function checkWatch(options: WatchArguments): void {
  if (options.embedded === undefined) {
    for (const name of ['objects', 'rate', 'seed'] as const) {
      if (options[name] !== undefined) throw new UsageError(`--${name} is for --embedded servers only`)
    }
  }
  if (options.server !== undefined) return
  const serverOnly = {
    token: '--token',
    tokenFile: '--token-file',
    certificateAuthority: '--certificate-authority',
    clientCertificate: '--client-certificate',
    clientKey: '--client-key',
    insecureSkipTlsVerify: '--insecure-skip-tls-verify',
  } as const
  for (const [name, flag] of Object.entries(serverOnly)) {
    if (options[name as keyof typeof serverOnly] !== undefined) {
      throw new UsageError(`${flag} needs --server URL; a kubeconfig has its own`)
    }
  }
}

function resourceNames(typed: readonly string[]): readonly string[] {
  const names = typed.join(',').split(',')
  if (names.includes('')) {
    throw new UsageError(`'${typed.join(' ')}': a resource between commas has no name, such as pods,nodes`)
  }
  return names
}

function count(what: string): (text: string) => number {
  return (text) => {
    const value = parseCount(text)
    if (value === undefined)
      throw new InvalidArgumentError(`'${text}' is not a whole number of ${what}, such as 4 or 20_000.`)
    return value
  }
}

function seed(text: string): number {
  const value = parseCount(text)
  if (value === undefined) throw new InvalidArgumentError(`'${text}' is not a whole number, such as 7.`)
  return value
}

function port(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 65_536
  if (value > 65_535) throw new InvalidArgumentError(`'${text}' is not a port: 0 to 65535.`)
  return value
}

/** An empty one would watch all namespaces: what a script's unset variable must not do. */
function namespace(text: string): string {
  if (/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return text
  throw new InvalidArgumentError(
    `'${text}' is not a namespace: 1 to 63 of a-z, 0-9 and -, neither first nor last a -.`,
  )
}

function bytes(text: string): number {
  const value = parseBytes(text)
  if (value === undefined) throw new InvalidArgumentError('Not a size: 65536, 64KiB, 8MiB.')
  return value
}

function duration(text: string): number {
  const value = parseDurationMs(text)
  if (value === undefined || value === 0) throw new InvalidArgumentError('Not a duration: 500ms, 10s, 5m.')
  return value
}

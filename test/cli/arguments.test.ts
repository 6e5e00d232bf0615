import { expect, test } from 'vitest'
import { runArguments, type ServeArguments, type WatchArguments } from '../../src/cli/arguments.ts'

async function parse(...argv: string[]): Promise<WatchArguments | ServeArguments | undefined> {
  let result: WatchArguments | ServeArguments | undefined
  await runArguments(argv, {
    watch: async (options) => {
      result = options
    },
    serve: async (options) => {
      result = options
    },
  })
  return result
}

test('watch: every flag of the manual', async () => {
  expect(
    await parse(
      ...'watch pods --kubeconfig k --context c -n web -l app=web --threads 3 --in-flight-bytes 8MiB'.split(
        ' ',
      ),
      ...'--buffer-count 20_000 --buffer-bytes 1MB --read all --until-synced --duration 10s -o jsonl'.split(
        ' ',
      ),
    ),
  ).toEqual({
    resources: ['pods'],
    color: true,
    kubeconfig: 'k',
    context: 'c',
    namespace: 'web',
    selector: 'app=web',
    threads: 3,
    inFlightBytes: 8_388_608,
    bufferCount: 20_000,
    bufferBytes: 1_000_000,
    read: 'all',
    untilSynced: true,
    duration: 10_000,
    output: 'jsonl',
  })
  expect(
    await parse(
      ...'watch nodes --server https://host --token t --insecure-skip-tls-verify -A --output json'.split(' '),
    ),
  ).toEqual({
    resources: ['nodes'],
    color: true,
    server: 'https://host',
    token: 't',
    insecureSkipTlsVerify: true,
    allNamespaces: true,
    output: 'json',
    read: 'metadata',
  })
})

test.each([
  'watch pods,nodes,deployments.apps',
  'watch pods nodes,deployments.apps',
  'watch pods nodes deployments.apps',
])('several resources: %s', async (line) => {
  expect(await parse(...line.split(' '), '--no-color', '-o', 'live')).toMatchObject({
    resources: ['pods', 'nodes', 'deployments.apps'],
    color: false,
    output: 'live',
  })
})

test('later arguments override earlier ones: `npm start -- --rate 5`', async () => {
  expect(
    await parse(...'watch pods --embedded --objects 20000 --rate 2000 --duration 20s --rate 5'.split(' ')),
  ).toMatchObject({ embedded: true, objects: 20_000, rate: 5, duration: 20_000 })
})

test('serve', async () => {
  expect(
    await parse(...'serve --port 0 --objects 10 --rate 5 --write-kubeconfig f --seed 7'.split(' ')),
  ).toEqual({ port: 0, objects: 10, rate: 5, writeKubeconfig: 'f', seed: 7, resource: 'pods' })
})

test.each([
  ['nothing', '', /which command\?/],
  ['an unknown command', 'wath pods', /unknown command 'wath'; there are watch and serve/],
  ['no resource', 'watch', /missing required argument 'resources'/],
  ['an unknown flag', 'watch pods --objekts 5', /unknown option '--objekts'.*--objects/],
  [
    'a bad number',
    'watch pods --threads many',
    /--threads.*'many' is not a whole number of threads, such as 4 or 20_000/,
  ],
  ['a bad duration', 'watch pods --duration soon', /Not a duration: 500ms, 10s, 5m/],
  ['a duration of nothing', 'watch pods --duration 0s', /Not a duration/],
  ['a bad size', 'watch pods --buffer-bytes 8X', /Not a size/],
  ['a bad mode', 'watch pods -o yaml', /Allowed choices are live, text, changes, jsonl, json/],
  ['a bad namespace', 'watch pods -n Bad_NS!', /'Bad_NS!' is not a namespace/],
  ['an empty namespace', 'watch pods --namespace=', /'' is not a namespace/],
  ['a port that cannot be', 'serve --port 65536', /'65536' is not a port: 0 to 65535/],
  ['two servers', 'watch pods --server https://a --kubeconfig k', /cannot be used with/],
  ['embedded and another server', 'watch pods --embedded --server https://a', /cannot be used with/],
  ['both -n and -A', 'watch pods -n web -A', /cannot be used with/],
  ['a rate without --embedded', 'watch pods --rate 5', /--rate is for --embedded servers only/],
  ['a token without --server', 'watch pods --token t', /--token needs --server URL/],
  ['a resource without a name', 'watch pods,,nodes', /'pods,,nodes': a resource between commas/],
])('%s is refused in one line', async (_name, line, message) => {
  const error: unknown = await parse(...line.split(' ').filter((part) => part !== '')).catch(
    (thrown: unknown) => thrown,
  )
  expect(error).toMatchObject({
    name: 'UsageError',
    message: expect.stringMatching(new RegExp(message, 's')),
  })
})

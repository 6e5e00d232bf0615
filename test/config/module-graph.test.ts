import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const configUrl = new URL('../../src/config/connection-config.ts', import.meta.url).href
const rootUrl = new URL('../..', import.meta.url).href
const factoryUrl = new URL('../../src/index.ts', import.meta.url).href

/** Runs `code` in its own process and gives the files that were loaded, in any way. */
async function filesLoadedBy(code: string, env: Record<string, string> = {}): Promise<string[]> {
  const script = `
    import { registerHooks } from 'node:module'
    const files = []
    registerHooks({
      load(url, context, next) {
        files.push(url)
        return next(url, context)
      },
    })
    ${code}
    console.log(JSON.stringify(files))`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', '--input-type=module', '-e', script],
    { env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env } },
  )
  return JSON.parse(stdout) as string[]
}

async function packagesLoadedBy(code: string, env: Record<string, string> = {}): Promise<string[]> {
  const files = await filesLoadedBy(code, env)
  const names = files.map((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1])
  return [...new Set(names.filter((name) => name !== undefined))]
}

const load = (config: string) => `
  const { createCredentialsBroker } = await import('${configUrl}')
  await createCredentialsBroker(${config}).material().catch((error) => { if (!error.code) throw error })`

test('an explicit server and the service account of a pod load no package at all', async () => {
  expect(await packagesLoadedBy(load(`{ server: 'https://host', token: 'x' }`))).toEqual([])
  const pod = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' }
  expect(await packagesLoadedBy(load(`'in-cluster'`), pod)).toEqual([])
  expect(await packagesLoadedBy(load('undefined'), pod)).toEqual([])
})

test('a kubeconfig file does load client-node: the check above can fail', async () => {
  const file = new URL('./fixtures/kubeconfig.yaml', import.meta.url).pathname
  expect(await packagesLoadedBy(load(`{ file: ${JSON.stringify(file)} }`))).toContain(
    '@kubernetes/client-node',
  )
})

test('the library itself, imported and used with an explicit server, does not', async () => {
  const packages = await packagesLoadedBy(`
    const { createInformerFactory } = await import('${factoryUrl}')
    const factory = createInformerFactory({ kubeConfig: { server: 'http://127.0.0.1:9' }, threads: 0 })
    factory.core.v1.pods.informer
    await factory.close()`)
  expect(packages).not.toContain('@kubernetes/client-node')
  expect(packages.length).toBeGreaterThan(0)
})

test('the library itself, imported, loads two packages, and nothing of what threads and other entries are for', async () => {
  const code = `await import('${factoryUrl}')`
  // msgpackr looks for its native addon, which may be there.
  const addon = /^(msgpackr-extract|node-gyp-build-optional-packages|detect-libc)$/
  const packages = (await packagesLoadedBy(code)).filter((name) => !addon.test(name))
  expect(packages.toSorted()).toEqual(['msgpackr', 'piscina'])
  const own = (await filesLoadedBy(code)).filter((url) => url.startsWith(rootUrl))
  expect(own.filter((url) => /\/(src\/(testing|cli|compat)|workers)\//.test(url))).toEqual([])
  expect(own).toContain(factoryUrl)
})

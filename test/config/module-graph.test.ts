import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const configUrl = new URL('../../src/config/connection-config.ts', import.meta.url).href
const factoryUrl = new URL('../../src/index.ts', import.meta.url).href

/** Runs `code` in its own process and gives the packages that were loaded, in any way. */
async function packagesLoadedBy(code: string, env: Record<string, string> = {}): Promise<string[]> {
  const script = `
    import { registerHooks } from 'node:module'
    const packages = new Set()
    registerHooks({
      load(url, context, next) {
        const name = /node_modules\\/((?:@[^/]+\\/)?[^/]+)\\//.exec(url)?.[1]
        if (name) packages.add(name)
        return next(url, context)
      },
    })
    ${code}
    console.log(JSON.stringify([...packages]))`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', '--input-type=module', '-e', script],
    { env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env } },
  )
  return JSON.parse(stdout) as string[]
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

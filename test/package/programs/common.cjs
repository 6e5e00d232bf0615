// CommonJS: each entry is required, which a top-level await anywhere below it would refuse; then a kubeconfig file is
// used, for which more is loaded later.
const { writeFileSync } = require('node:fs')
const { createInformerFactory } = require('kube-informer')
const { KubeConfig, makeInformer } = require('kube-informer/compat')
const { startEmbeddedServer } = require('kube-informer/testing')
const worker = require('kube-informer/worker')
const { version } = require('kube-informer/package.json')

async function main() {
  const server = await startEmbeddedServer({ objects: 10 })
  const config = new KubeConfig()
  config.loadFromClusterAndUser({ name: 'c', server: server.url, skipTLSVerify: false }, { name: 'u' })
  writeFileSync('kubeconfig', config.exportConfig())
  const factory = createInformerFactory({ kubeConfig: { file: 'kubeconfig' }, threads: 1 })
  factory.core.v1.pods.informer
  factory.start()
  await factory.waitForCacheSync({ signal: AbortSignal.timeout(30_000) })
  const cached = factory.core.v1.pods.lister.list().size
  await factory.close()
  await server.close()
  const types = [typeof makeInformer, typeof worker.default]
  console.log(JSON.stringify({ version: process.version, package: version, cached, types }))
}

main()

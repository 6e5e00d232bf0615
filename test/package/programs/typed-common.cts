// CommonJS with types: compiled to require().
import { createInformerFactory, type InformerFactory } from 'kube-informer'

const factory: InformerFactory = createInformerFactory({
  kubeConfig: { server: 'http://127.0.0.1:1' },
  threads: 0,
})
const image: string | undefined = factory.core.v1.pods.lister.get('a/b')?.spec?.containers[0]?.image
void factory.close().then(() => console.log(JSON.stringify({ image: image ?? null })))

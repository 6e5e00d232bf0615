/**
 * client-node, with its `makeInformer` replaced: a program changes its import from '@kubernetes/client-node' to
 * 'kube-informer/compat', and nothing else. Where it differs: docs/coming-from-client-node.md.
 */
export * from '@kubernetes/client-node'
export { type CompatInformer, type MakeInformerOptions, makeInformer } from './make-informer.ts'

/** As package.json's `engines`: a test holds both together. */
export const nodeVersionMin: string = '22.19'

/**
 * What is wrong with this version of Node; undefined: nothing. This file imports nothing, so that it runs on any Node:
 * what needs a newer one fails where it is linked, with a text that names neither version.
 */
export function nodeVersionFault(found: string): string | undefined {
  const [major = 0, minor = 0] = found.split('.').map((part) => Number.parseInt(part, 10))
  const [majorMin = 0, minorMin = 0] = nodeVersionMin.split('.').map(Number)
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return undefined
  return `kube-informer needs Node ${nodeVersionMin} or newer; this is Node ${found}`
}

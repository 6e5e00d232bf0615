import { KubeInformerError } from '../errors.ts'

/** One step of a path: a key, or (`null`) every element of an array. */
export type FieldStep = string | null

/**
 * `spec.nodeName`, `metadata.ownerReferences[*].uid`, `metadata.annotations['a.b/c']`: keys joined by dots; `[*]` means
 * every element of an array; a key with dots, slashes or brackets stands in quotes and brackets (no escapes inside).
 * Throws ERR_INVALID_OPTION with the position.
 */
export function parseFieldPath(path: string): FieldStep[] {
  const steps: FieldStep[] = []
  let at = 0
  while (at < path.length) {
    stepPattern.lastIndex = at
    const match = stepPattern.exec(path)
    // Only a plain key follows a dot, and only the first one lacks it.
    if (match === null || (match[2] !== undefined && (match[1] === '.') !== at > 0)) break
    if (match[2] === undefined && match[1] === '.') break
    if (match[5] !== undefined) steps.push(null)
    else steps.push((match[2] ?? match[3] ?? match[4]) as string)
    at = stepPattern.lastIndex
  }
  if (at < path.length || steps.length === 0 || steps[0] === null) {
    throw new KubeInformerError('ERR_INVALID_OPTION', `not a field path: '${path}' (at ${at})`, {
      facts: { option: path, position: at },
    })
  }
  return steps
}

// 1: dot, 2: plain key, 3 and 4: quoted key, 5: every element
const stepPattern = /(\.?)(?:([^.[\]'"/\s]+)|\['([^']*)'\]|\["([^"]*)"\]|\[(\*)\])/y

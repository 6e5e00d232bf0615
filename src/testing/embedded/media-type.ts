import { ApiFailure } from './status.ts'

/** How objects are written: as they are, or their metadata alone (`PartialObjectMetadata`). */
export type ObjectForm = 'whole' | 'metadata'

const metadataKinds: readonly (string | undefined)[] = ['PartialObjectMetadata', 'PartialObjectMetadataList']

/**
 * What an `Accept` asks for: of its media types the first one that is served, as on real servers, which do not look at
 * `q`. A list of metadata has a name of its own, and asking for the other one is an error, not a reason to go on.
 *
 * @throws 406
 */
export function acceptedForm(accept: string | undefined, isList: boolean): ObjectForm {
  for (const clause of (accept ?? '*/*').split(',')) {
    const [type = '', ...parameters] = clause.split(';').map((part) => part.trim())
    if (!/^(application\/(json|\*)|\*\/\*)$/.test(type)) continue
    const asked = new Map(
      parameters.map((part) => {
        const [name = '', value = ''] = part.split('=')
        return [name, value]
      }),
    )
    const kind = asked.get('as')
    if (kind === undefined) return 'whole'
    if (!metadataKinds.includes(kind) || asked.get('g') !== 'meta.k8s.io' || asked.get('v') !== 'v1') continue
    if (kind.endsWith('List') === isList) return 'metadata'
    throw notAcceptable(`you requested ${kind}, but the requested object is ${isList ? 'a' : 'not a'} list`)
  }
  throw notAcceptable('only the following media types are accepted: application/json')
}

function notAcceptable(message: string): ApiFailure {
  return new ApiFailure(406, 'NotAcceptable', message)
}

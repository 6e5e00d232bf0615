import { KubeInformerError } from '../../errors.ts'
import type { NamedResource } from '../../resources/names.ts'
import { failures } from './status.ts'

/** What the holder of a token may use: everything, or these resources by their plural names, in all namespaces or in these. */
export type Access =
  | 'all'
  | { readonly resources: readonly string[]; readonly namespaces?: readonly string[] }

/** Bearer tokens a server accepts; without any every request is allowed. */
export class AccessControl {
  readonly #tokens: Map<string, Access> | undefined

  constructor(tokens: Readonly<Record<string, Access>> | undefined) {
    this.#tokens = tokens && new Map(Object.entries(tokens))
  }

  /**
   * Adds a token, or changes what it may do; open watches are not looked at again, as in a real server.
   *
   * @throws ERR_INVALID_OPTION when the server was made without `tokens`: it would go on to let everybody in
   */
  set(token: string, access: Access): void {
    this.#known().set(token, access)
  }

  /** @throws ERR_INVALID_OPTION as {@link set} */
  revoke(token: string): void {
    this.#known().delete(token)
  }

  /** Throws 401. */
  authenticate(authorization: string | undefined): Access {
    if (this.#tokens === undefined) return 'all'
    const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1]
    const access = token === undefined ? undefined : this.#tokens.get(token)
    if (access === undefined) throw failures.unauthorized()
    return access
  }

  /** Throws 403, also for what is not served: whoever may not look is not told what there is. */
  authorize(
    access: Access,
    type: Omit<NamedResource, 'version'>,
    verb: string,
    namespace: string | undefined,
  ): void {
    if (access === 'all') return
    const { resources, namespaces } = access
    const isWithin = namespaces === undefined || (namespace !== undefined && namespaces.includes(namespace))
    if (resources.includes(type.resource) && isWithin) return
    const scope = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`
    throw failures.forbidden(
      `${type.resource}${type.group && `.${type.group}`} is forbidden: User "limited" cannot ${verb} resource "${type.resource}" in API group "${type.group}" ${scope}`,
      { ...(type.group !== '' && { group: type.group }), kind: type.resource },
    )
  }

  #known(): Map<string, Access> {
    if (this.#tokens !== undefined) return this.#tokens
    const message = 'this server lets every request in: make it with tokens, {} for none yet'
    throw new KubeInformerError('ERR_INVALID_OPTION', message, { facts: { option: 'tokens' } })
  }
}

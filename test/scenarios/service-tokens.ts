import { randomUUID } from 'node:crypto'
import { grant } from '../conformance/support/objects.ts'
import type { KubeClient } from '../support/kube-client.ts'

const account = 'scenario'
const accounts = '/api/v1/namespaces/default/serviceaccounts'
const secrets = '/api/v1/namespaces/default/secrets'

/** Tokens of one service account of a real server, each bound to a secret of its own: it is good as long as that lives. */
export class ServiceTokens {
  readonly #admin: KubeClient
  #account: Promise<void> | undefined

  constructor(admin: KubeClient) {
    this.#admin = admin
  }

  /** `unbind` ends it, some seconds later: API servers remember tokens. */
  async issue(): Promise<{ readonly value: string; readonly unbind: () => Promise<void> }> {
    this.#account ??= this.#makeAccount()
    await this.#account
    const name = `token-${randomUUID()}`
    const { metadata } = await this.#admin.create(secrets, { metadata: { name } })
    const request = {
      spec: {
        audiences: [],
        expirationSeconds: 600,
        boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name, uid: metadata.uid },
      },
    }
    const { status } = await this.#admin.create(`${accounts}/${account}/token`, request)
    const { token } = status as { readonly token: string }
    return { value: token, unbind: () => this.#admin.delete(`${secrets}/${name}`) }
  }

  async #makeAccount(): Promise<void> {
    await this.#admin.create(accounts, { metadata: { name: account } })
    const user = `system:serviceaccount:default:${account}`
    await grant(this.#admin, user, '', ['configmaps'], ['list', 'watch'])
  }
}

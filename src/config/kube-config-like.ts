import type { KubeConfigUser } from './kube-config-user.ts'

/** What is used of client-node's KubeConfig, 1.x and 2.x: this package must not load it to accept one. */
export interface KubeConfigLike {
  getCurrentCluster(): KubeConfigCluster | null
  getCurrentUser(): KubeConfigUser | null
  getCurrentContext(): string
  getContextObject?(name: string): { readonly user: string } | null
  applyToHTTPSOptions(options: AppliedOptions): Promise<void>
}

export interface KubeConfigCluster {
  readonly name: string
  readonly server: string
  readonly skipTLSVerify?: boolean
  readonly tlsServerName?: string
  readonly proxyUrl?: string
  /** Of the file's extension for credential plugins (see kube-config-extras.ts). */
  readonly execConfig?: unknown
}

/** What applyToHTTPSOptions leaves behind; its `agent` is ignored (built once, stale after certificates rotate). */
export interface AppliedOptions {
  headers?: object
  auth?: string | null
  ca?: unknown
  cert?: unknown
  key?: unknown
  pfx?: unknown
  passphrase?: unknown
  servername?: unknown
  rejectUnauthorized?: boolean | undefined
}

import { createPrivateKey, X509Certificate } from 'node:crypto'

/** Why the two cannot be used together. A pair that is being replaced on disk is half old, and no connection takes it. */
export function certificateFault(cert: string, key: string): string | undefined {
  try {
    const fits = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
    return fits ? undefined : 'certificate and key do not belong together'
  } catch {
    // OpenSSL's words may quote what it read.
    return 'certificate or key is not PEM, or the key is encrypted'
  }
}

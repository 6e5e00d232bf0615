import { redact } from '../base/redact.ts'

/**
 * What another program said, fit to be shown: the first line, short, without anything that could be a token, and without
 * the `secrets` it was given.
 */
export function pluginWords(text: string, secrets: readonly string[] = []): string {
  const line = redact(text, secrets).trim().split('\n', 1)[0] as string
  // The shortest token Kubernetes makes has 23 characters.
  return line.replace(/[A-Za-z0-9+/_=.-]{20,}/g, '…').slice(0, 200)
}

import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'

/** What configuration reads from the machine; tests hand in their own. */
export interface Environment {
  readonly variables: Readonly<Record<string, string | undefined>>
  homeDirectory(): string
  /** Rejects with Node's error (`code` ENOENT, EACCES …). */
  readText(path: string): Promise<string>
}

export const nodeEnvironment: Environment = {
  variables: process.env,
  // $HOME first, as kubectl does: homedir() falls back to the user database, which containers often lack.
  homeDirectory: () => process.env['HOME'] || homedir(),
  readText: (path) => readFile(path, 'utf8'),
}

/** `ENOENT` and the like, never the message: that of a parser may quote the file's secrets. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

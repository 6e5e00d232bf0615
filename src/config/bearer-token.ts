import { KubeInformerError } from '../errors.ts'
import { type Environment, systemCode } from './environment.ts'

/** How long what was read of a file is good for; client-go's measure, too. */
export const tokenFileReuseMs = 60_000

export function isBearerToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text)
}

/** Why the text is none, without the text. */
export function tokenFault(text: string): string | undefined {
  if (isBearerToken(text)) return undefined
  return text === '' ? 'is empty' : 'holds characters that a bearer token cannot have'
}

/** Trimmed: token files end with a newline, which no header may hold. @throws ERR_CREDENTIALS */
export async function readTokenFile(path: string, environment: Environment): Promise<string> {
  let text: string
  try {
    text = await environment.readText(path)
  } catch (error) {
    throw new KubeInformerError(
      'ERR_CREDENTIALS',
      `the token file ${path} cannot be read (${systemCode(error) ?? 'unknown error'})`,
    )
  }
  const token = text.trim()
  const fault = tokenFault(token)
  if (fault !== undefined) throw new KubeInformerError('ERR_CREDENTIALS', `the token file ${path} ${fault}`)
  return token
}

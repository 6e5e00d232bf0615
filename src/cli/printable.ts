import { stripVTControlCharacters } from 'node:util'

/** What a server says, in names or messages, must not move the cursor or colour the terminal. */
export function printable(text: string): string {
  let result = ''
  for (const character of stripVTControlCharacters(text)) {
    const code = character.codePointAt(0) as number
    result += code < 32 || (code >= 127 && code < 160) ? ' ' : character
  }
  return result
}

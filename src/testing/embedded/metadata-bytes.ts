const quote = 34
const backslash = 92
const openBrace = 123
const closeBrace = 125

/** Of a body that begins with `"metadata":{…}`: that member and the end of the object. */
export function metadataBytes(body: Buffer): Buffer {
  const end = objectEnd(body, body.indexOf(openBrace))
  const bytes = Buffer.allocUnsafe(end + 1)
  body.copy(bytes, 0, 0, end)
  bytes[end] = closeBrace
  return bytes
}

/** Behind the `}` of the object at `start`. The text is our own JSON: valid. */
function objectEnd(bytes: Buffer, start: number): number {
  let depth = 0
  for (let at = start; at < bytes.length; at++) {
    const c = bytes[at]
    if (c === quote) at = stringEnd(bytes, at)
    else if (c === openBrace) depth++
    else if (c === closeBrace && --depth === 0) return at + 1
  }
  return bytes.length
}

/** Of the string that begins at `start`: its last quote. */
function stringEnd(bytes: Buffer, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1
  return at
}

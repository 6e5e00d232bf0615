/** What stands where a text was cut: a secret may have been cut in two there. */
export const cutMark = '…'

const mark = '[redacted]'
/** Less of a secret tells nothing; and would take harmless words out of every text. */
const secretLengthMin = 4

/**
 * `text` without the `secrets`, as they are and as a URL writes them, and without the beginning of one where the text
 * was cut ({@link cutMark}).
 */
export function redact(text: string, secrets: readonly string[]): string {
  const forms = [...new Set(secrets.flatMap((secret) => [secret, percentEncoded(secret)]))]
    .filter((form) => form.length >= secretLengthMin)
    // A secret that holds another one goes first: the rest of it would stay.
    .sort((one, other) => other.length - one.length)
  if (forms.length === 0) return text
  const shown = forms.reduce((rest, form) => rest.replaceAll(form, mark), text)
  const parts = shown.split(cutMark)
  return parts
    .map((part, index) => (index < parts.length - 1 ? withoutBeginning(part, forms) : part))
    .join(cutMark)
}

/** No longer than `lengthMax` and its mark. */
export function cutText(text: string, lengthMax: number): string {
  return text.length > lengthMax ? `${text.slice(0, lengthMax)}${cutMark}` : text
}

function withoutBeginning(text: string, secrets: readonly string[]): string {
  for (const secret of secrets) {
    for (let length = Math.min(secret.length - 1, text.length); length >= secretLengthMin; length--) {
      if (text.endsWith(secret.slice(0, length))) return `${text.slice(0, -length)}${mark}`
    }
  }
  return text
}

function percentEncoded(text: string): string {
  // Half a surrogate pair throws.
  return encodeURIComponent(text.toWellFormed())
}

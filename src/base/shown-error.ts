/** The error whose message says what happened: one of several addresses that were tried, an AggregateError has none itself. */
export function shownError(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined
  const inner: unknown =
    error instanceof AggregateError ? error.errors.find((each) => each instanceof Error) : undefined
  return inner instanceof Error ? inner : error
}

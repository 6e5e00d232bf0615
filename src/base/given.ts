/** The options that are there: one given as undefined stands for none, and must not take the place of a default. */
export function given<O extends object>(options: O): O {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as O
}

/**
 * Thrown, and caught by the transcoder, when the straight way cannot hold an object exactly. Not errors: made once, no
 * stack, and never seen outside.
 */
export class Detour {
  readonly name: string

  private constructor(name: string) {
    this.name = name
  }

  /** Nested too deep for recursion, or a lone surrogate: the object goes as JSON text. */
  static readonly rawJson: Detour = new Detour('raw JSON')
  /** A key twice in one object, where it decides about identity, columns or dropped fields. */
  static readonly normalise: Detour = new Detour('normalise')
  /** apiVersion or kind is there though the objects before lacked it, or the other way round. */
  static readonly retype: Detour = new Detour('retype')
}

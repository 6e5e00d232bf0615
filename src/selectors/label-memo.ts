/** What a selector has found out about strings of one dictionary, by id; 0: nothing yet. */
export class LabelMemo {
  /** {@link noKey}, or above it {@link firstKey} and the position of the one condition on this key. */
  keys: Uint8Array
  /** By condition, of its values; of the first {@link conditionsMax}. */
  readonly states: Uint8Array[]

  constructor(size: number, conditions: number) {
    this.keys = new Uint8Array(size)
    const length = Math.min(conditions, conditionsMax)
    this.states = Array.from({ length }, () => new Uint8Array(size))
  }

  /** Dictionaries grow while they are used. */
  grow(size: number): void {
    if (this.keys.length >= size) return
    // Twice what is asked for: not a new table for each string that comes.
    this.keys = grown(this.keys, size * 2)
    for (const [i, states] of this.states.entries()) this.states[i] = grown(states, size * 2)
  }
}

/** Each takes a byte for every string of the dictionary, of which there may be 65,535. */
export const conditionsMax = 16
/** The key of no condition. */
export const noKey = 1
export const firstKey = 2

function grown(table: Uint8Array, size: number): Uint8Array {
  const larger = new Uint8Array(size)
  larger.set(table)
  return larger
}

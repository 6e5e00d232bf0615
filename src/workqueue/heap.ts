/** A member of at most one {@link Heap}, which keeps its place here; -1 while it is in none. */
export interface HeapNode {
  heapIndex: number
}

/**
 * A binary heap whose members know their place, so that one that became more urgent moves up in O(log n) and no
 * outdated copy of it stays behind: what is held is exactly what waits.
 */
export class Heap<N extends HeapNode> {
  readonly #isBefore: (a: N, b: N) => boolean
  #nodes: N[] = []

  /** `isBefore` must order any two members: where it says neither, their order changes from run to run. */
  constructor(isBefore: (a: N, b: N) => boolean) {
    this.#isBefore = isBefore
  }

  get size(): number {
    return this.#nodes.length
  }

  peek(): N | undefined {
    return this.#nodes[0]
  }

  push(node: N): void {
    this.#nodes.push(node)
    this.#rise(node, this.#nodes.length - 1)
  }

  pop(): N | undefined {
    const first = this.#nodes[0]
    const last = this.#nodes.pop()
    if (first === undefined || last === undefined) return undefined
    first.heapIndex = -1
    if (first !== last) this.#sink(last)
    return first
  }

  /** To be called after a member's order changed, and only when it comes earlier now. */
  raise(node: N): void {
    this.#rise(node, node.heapIndex)
  }

  /** Returns how many there were. The members keep a stale place: they must not be pushed again. */
  clear(): number {
    const count = this.#nodes.length
    this.#nodes = []
    return count
  }

  #rise(node: N, index: number): void {
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = this.#nodes[parentIndex] as N
      if (!this.#isBefore(node, parent)) break
      this.#put(parent, index)
      index = parentIndex
    }
    this.#put(node, index)
  }

  /** From the top. */
  #sink(node: N): void {
    const count = this.#nodes.length
    let index = 0
    for (let child = 1; child < count; child = 2 * index + 1) {
      const right = child + 1
      if (right < count && this.#isBefore(this.#nodes[right] as N, this.#nodes[child] as N)) child = right
      const next = this.#nodes[child] as N
      if (!this.#isBefore(next, node)) break
      this.#put(next, index)
      index = child
    }
    this.#put(node, index)
  }

  #put(node: N, index: number): void {
    this.#nodes[index] = node
    node.heapIndex = index
  }
}

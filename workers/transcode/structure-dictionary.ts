import type { FieldPlan } from '../../src/protocol/field-plan.ts'
import { structureCountMax } from '../../src/protocol/record-layout.ts'
import { SkipTemplates } from './skip-templates.ts'
import { RecallBudget, ValueRecall } from './value-recall.ts'

/** Keys that stand for maps wherever they occur: their members are data, every object has others. */
const mapNames: ReadonlySet<string> = new Set([
  'labels',
  'annotations',
  'data',
  'binaryData',
  'stringData',
  'matchLabels',
  'nodeSelector',
  'limits',
  'requests',
  'capacity',
  'allocatable',
  'properties',
  'patternProperties',
  'definitions',
])

const keyBytesMax = 128
const keyCountMax = 128
/** Alternatives at one place of one key set. */
const branchesMax = 48
/** One place must not fill the dictionary alone. */
const shapesMax = 1024

/** Predicts a string: the one last seen at a place, if it is in the value dictionary, else -1. */
export class StringMemo {
  hot = -1
}

/** A place in the objects: the value of a key, the elements of an array, the values of a map. */
export class Site {
  readonly plan: FieldPlan | undefined
  /** Objects here are MessagePack maps: from the start, or since too many key sets were seen. Never goes back. */
  isMap: boolean
  /** The empty key set: where every object here starts. */
  readonly start: KeyNode
  readonly members: Map<string, Site> = new Map()
  /** What the elements of arrays here share. */
  elements: Site | undefined
  /** What the values of maps here share, those without a plan. */
  mapValues: Site | undefined
  shapeCount = 0
  readonly memo: StringMemo = new StringMemo()
  /** In a map: predictions of keys (even) and values (odd) by position. */
  readonly memos: StringMemo[] = []
  /** How values here are skipped, if they are dropped. */
  skips: SkipTemplates | undefined
  /** Whole values seen here; only where nothing is special, here and below. */
  readonly recall: ValueRecall | undefined
  /** The last array (map) here had more elements than a one-byte head can tell. */
  long = false

  constructor(plan: FieldPlan | undefined, isMap: boolean, recall?: ValueRecall) {
    this.plan = plan
    this.isMap = isMap
    this.recall = recall
    this.start = new KeyNode('', undefined, this)
  }
}

/** A key set so far: its last key and what came before. Key sets of one place form a trie. */
export class KeyNode {
  readonly key: string
  readonly parent: KeyNode | undefined
  /** Where this key's values are. */
  readonly site: Site
  readonly branches: KeyNode[] = []
  /** The key that followed last time. */
  next: KeyNode | undefined = undefined
  /** `"key":` in UTF-8, as it stands in compact JSON: first word in the words of the dictionary, bytes. */
  words = 0
  textBytes = 0
  /** Nonzero: the key is dropped, identity, or a column. */
  special: number = 0
  /** Id of the structure that ends here, -1: none yet. */
  id = -1

  constructor(key: string, parent: KeyNode | undefined, site: Site) {
    this.key = key
    this.parent = parent
    this.site = site
  }

  /** Whether `key` is in this key set. */
  has(key: string): boolean {
    for (let node: KeyNode | undefined = this; node?.parent !== undefined; node = node.parent) {
      if (node.key === key) return true
    }
    return false
  }

  get size(): number {
    let size = 0
    for (let node: KeyNode | undefined = this.parent; node !== undefined; node = node.parent) size++
    return size
  }
}

export const special: { readonly none: 0; readonly dropped: 1; readonly role: 2 } = {
  none: 0,
  dropped: 1,
  role: 2,
}

export interface StructureBounds {
  readonly countMax: number
  /** Bytes of all keys in the dictionary, and of all keys known by place. */
  readonly keyBytesMax: number
  readonly siteCountMax: number
  /** Bytes of values known whole, see value-recall.ts. */
  readonly recallBytesMax: number
}

/**
 * Key sets of objects, each with an id that never changes, found by place: every place in the objects has a trie of
 * the key sets seen there, so that the next key is almost always the one predicted. Equal key sets at different places
 * share an id. A place whose key sets keep growing becomes a map and stays one.
 */
export class StructureDictionary {
  readonly structures: string[][] = []
  readonly root: Site
  /** For all that is not worth a place of its own any more; its own elements, so that it never grows. */
  readonly anywhere: Site = new Site(undefined, true)
  /** Objects seen: a place may have more shapes the more objects it was seen in. */
  objectCount = 0
  words: Int32Array = new Int32Array(1 << 12)
  #wordCount = 0
  #siteCount = 0
  #keyBytes = 0
  #structureKeyBytes = 0
  readonly #ids = new Map<string, number>()
  readonly #bounds: StructureBounds
  readonly #recallBudget: RecallBudget

  constructor(plan: FieldPlan, bounds: StructureBounds) {
    this.#bounds = { ...bounds, countMax: Math.min(bounds.countMax, structureCountMax) }
    this.#recallBudget = new RecallBudget(bounds.recallBytesMax)
    this.root = new Site(plan, false)
    this.anywhere.elements = this.anywhere.mapValues = this.anywhere
  }

  /** Whether the key of `node`, with quotes and colon, stands at `at`. */
  matches(view: DataView, at: number, node: KeyNode): boolean {
    const words = this.words
    let word = node.words
    const end = at + (node.textBytes & ~3)
    for (; at < end; at += 4, word++) if (view.getInt32(at, true) !== words[word]) return false
    const rest = node.textBytes & 3
    return rest === 0 || (view.getInt32(at, true) & ((1 << (rest << 3)) - 1)) === words[word]
  }

  branch(node: KeyNode, key: string): KeyNode | undefined {
    for (const branch of node.branches) if (branch.key === key) return branch
    return undefined
  }

  /**
   * The key set `node` with one more key; undefined when that cannot be: the key is there already, a bound is reached, or
   * the keys look like data. The place becomes a map then.
   */
  extend(node: KeyNode, site: Site, key: string): KeyNode | undefined {
    const bytes = Buffer.byteLength(key)
    if (
      node.has(key) ||
      bytes > keyBytesMax ||
      node.size >= keyCountMax ||
      node.branches.length >= branchesMax ||
      this.#keyBytes + bytes > this.#bounds.keyBytesMax ||
      this.#siteCount >= this.#bounds.siteCountMax ||
      ((key.includes('.') || key.includes('/')) && site !== this.root)
    ) {
      return this.#giveUp(site)
    }
    const plan = site.plan?.members.get(key) ?? site.plan?.others
    const value = this.#member(site, key, plan)
    const branch = new KeyNode(key, node, value)
    if (plan !== undefined) {
      if (plan.drop) branch.special = special.dropped
      else if (plan.isNoted) branch.special = special.role
    }
    this.#write(branch)
    node.branches.push(branch)
    return branch
  }

  elementsOf(site: Site): Site {
    site.elements ??= this.#inside(site.plan?.elements)
    return site.elements
  }

  mapValuesOf(site: Site): Site {
    site.mapValues ??= this.#inside(undefined)
    return site.mapValues
  }

  #member(site: Site, key: string, plan: FieldPlan | undefined): Site {
    let member = site.members.get(key)
    if (member === undefined) {
      member = this.#site(plan, mapNames.has(key))
      site.members.set(key, member)
    }
    return member
  }

  skipsOf(site: Site): SkipTemplates {
    site.skips ??= new SkipTemplates(this.#recallBudget)
    return site.skips
  }

  /** Where the values of a key that has a plan are, in an object that is a map. */
  memberOf(site: Site, plan: FieldPlan): Site {
    return this.#member(site, plan.key, plan)
  }

  /** Id of the structure that ends at `node`; -1 when the dictionary is full or the place has too many. */
  idOf(node: KeyNode, site: Site): number {
    if (node.id >= 0) return node.id
    const keys: string[] = []
    let bytes = 0
    for (let n = node; n.parent !== undefined; n = n.parent) {
      keys.push(n.key)
      bytes += n.key.length
    }
    keys.reverse()
    const name = JSON.stringify(keys)
    const known = this.#ids.get(name)
    if (++site.shapeCount > Math.min(shapesMax, 64 + this.objectCount / 64)) {
      this.#giveUp(site)
      return -1
    }
    if (known !== undefined) return (node.id = known)
    if (
      this.structures.length >= this.#bounds.countMax ||
      this.#structureKeyBytes + bytes > this.#bounds.keyBytesMax
    ) {
      this.#giveUp(site)
      return -1
    }
    this.#structureKeyBytes += bytes
    this.structures.push(keys)
    node.id = this.structures.length - 1
    this.#ids.set(name, node.id)
    return node.id
  }

  #inside(plan: FieldPlan | undefined): Site {
    // A planned place must be known whatever it costs: there are no more of them than the plan has.
    const isKnown = this.#siteCount < this.#bounds.siteCountMax || plan !== undefined
    return isKnown ? this.#site(plan, false) : this.anywhere
  }

  #giveUp(site: Site): undefined {
    site.isMap = true
    return undefined
  }

  #site(plan: FieldPlan | undefined, isMap: boolean): Site {
    this.#siteCount++
    // A plan that says nothing costs every object a look.
    if (plan?.isPlain === false) return new Site(plan, isMap)
    return new Site(undefined, isMap, new ValueRecall(this.#recallBudget))
  }

  #write(node: KeyNode): void {
    // A key that needs escapes must never match as it stands; \x01 is not a quote, so this one does not.
    const plain = JSON.stringify(node.key) === `"${node.key}"`
    const text = Buffer.from(`${plain ? `"${node.key}":` : '\x01'}\0\0\0`)
    node.textBytes = text.length - 3
    this.#keyBytes += node.textBytes
    node.words = this.#wordCount
    const size = (node.textBytes + 3) >> 2
    while (this.#wordCount + size > this.words.length) {
      const grown = new Int32Array(this.words.length * 2)
      grown.set(this.words)
      this.words = grown
    }
    for (let i = 0; i < size; i++) this.words[this.#wordCount++] = text.readInt32LE(i * 4)
  }
}

import { type FieldPlan, role } from '../../src/protocol/field-plan.ts'
import { recordTags } from '../../src/protocol/record-layout.ts'
import { Detour } from './detour.ts'
import { ch } from './json-scanner.ts'
import { RecordFacts } from './record-facts.ts'
import { hasRepeatedKey } from './repeated-key.ts'
import { ScalarEncoder } from './scalar-encoder.ts'
import {
  type KeyNode,
  type Site,
  StringMemo,
  type StructureDictionary,
  special,
} from './structure-dictionary.ts'
import { writeUid } from './uid-bytes.ts'

/** Recursion ends here; deeper objects go as JSON text. */
const recordDepthMax = 64

/**
 * One JSON object → the body of a record. What is special about an object (identity, labels, columns) is noted on the way, by
 * its place in the source. Throws a coded error for invalid JSON, or a {@link Detour}.
 */
export class RecordEncoder extends ScalarEncoder {
  structures!: StructureDictionary
  readonly facts: RecordFacts = new RecordFacts()
  /** Roles that are written in front because the object lacks them; finding one there is a detour. */
  injected = 0
  typeMeta: { readonly apiVersion: string; readonly kind: string } | undefined
  #headerAt = 0
  #mapSerial = 0

  /** Writes the body behind a header at `headerAt`; the cursor must stand at the object's start. */
  encode(headerAt: number, headerBytes: number): void {
    this.facts.reset()
    this.#headerAt = headerAt
    this.at = 0
    this.depth = 0
    this.to = headerAt + headerBytes
    if (this.skipSpace() !== ch.leftBrace) throw this.fail('ERR_INVALID_JSON', 'not a JSON object')
    this.#object(this.structures.root)
    this.skipSpace()
    if (this.at !== this.end) throw this.fail()
  }

  value(site: Site): void {
    const c = this.bytes[this.at] as number
    if (c === ch.quote) this.string(site.memo)
    else if (c === ch.leftBrace || c === ch.leftBracket) this.#container(site, c)
    else if (c <= ch.nine && c >= ch.minus) this.number()
    else if (c <= 32) {
      this.skipSpace()
      if ((this.bytes[this.at] as number) <= 32) throw this.fail()
      this.value(site)
    } else this.word()
  }

  #container(site: Site, c: number): void {
    const recall = site.recall
    const known = recall?.find(this.view, this.at)
    if (known !== undefined) {
      this.at += known.textBytes
      this.words(known.output, known.outputBytes)
      return
    }
    const { at, to, misses } = this
    if (c === ch.leftBrace) this.#object(site)
    else this.#array(site)
    if (misses === this.misses) recall?.learn(this.view, at, this.at, this.outView, to, this.to)
  }

  #object(site: Site): void {
    if (this.depth >= recordDepthMax) throw Detour.rawJson
    this.depth++
    if (!site.isMap) {
      const { at, to, facts } = this
      const { columnsLength, found } = facts
      if (this.#record(site)) {
        this.depth--
        return
      }
      // Again, as a map. Not more than once per place: the place is a map from now on.
      this.at = at
      this.to = to
      facts.columnsLength = columnsLength
      facts.found = found
    }
    this.#map(site)
    this.depth--
  }

  /** false: this object cannot be a record; its place is a map now. */
  #record(site: Site): boolean {
    const structures = this.structures
    const view = this.view
    const bytes = this.bytes
    const head = this.to
    this.to = head + 2
    let node = site.start
    if (this.injected !== 0 && site === structures.root) {
      const start = this.#injectKeys(node, site)
      if (start === undefined) return false
      node = start
    }
    let last = node
    this.at++
    let c = bytes[this.at] as number
    if (c !== ch.quote) c = this.skipSpace()
    while (c !== ch.rightBrace) {
      let next = last.next
      if (next !== undefined && structures.matches(view, this.at, next)) this.at += next.textBytes
      else {
        next = this.#findKey(node, site)
        if (next === undefined) return false
        last.next = next
      }
      last = next
      if (next.special === special.none) {
        node = next
        this.value(next.site)
      } else if (next.special === special.dropped) {
        structures.skipsOf(next.site).skip(this)
      } else {
        node = next
        this.#specialValue(next.site)
      }
      c = this.#afterMember()
    }
    this.at++
    if (node === site.start) {
      this.out[head] = 0x80
      this.to = head + 1
      return true
    }
    const id = node.id >= 0 ? node.id : structures.idOf(node, site)
    if (id < 0) return false
    this.out[head] = recordTags.structure | (id & 31)
    this.out[head + 1] = id >> 5
    return true
  }

  /** Behind a member's value: moves to the next key's quote, or stays at the closing brace; returns that byte. */
  #afterMember(): number {
    const bytes = this.bytes
    let c = bytes[this.at] as number
    if (c !== ch.comma) {
      if (c === ch.rightBrace) return c
      c = this.skipSpace()
      if (c === ch.rightBrace) return c
      if (c !== ch.comma) throw this.fail()
    }
    c = bytes[++this.at] as number
    if (c !== ch.quote && this.skipSpace() !== ch.quote) throw this.fail()
    return ch.quote
  }

  /** The key at the cursor was not the predicted one; moves to its value. undefined: see {@link #record}. */
  #findKey(node: KeyNode, site: Site): KeyNode | undefined {
    const structures = this.structures
    for (const branch of node.branches) {
      if (structures.matches(this.view, this.at, branch)) {
        this.at += branch.textBytes
        return branch
      }
    }
    if (this.bytes[this.at] !== ch.quote) throw this.fail()
    const start = this.at
    const end = this.scanString()
    const key = this.textOf(start, end)
    if (!key.isWellFormed()) throw Detour.rawJson
    this.at = end + 1
    this.colon()
    const known = structures.branch(node, key)
    if (known !== undefined) return known
    if (site.plan !== undefined && node.has(key)) throw this.#repeated(site.plan, key)
    return structures.extend(node, site, key)
  }

  #repeated(plan: FieldPlan, key: string): Detour {
    const bit = 1 << (plan.members.get(key)?.role ?? role.none)
    if ((this.injected & bit) === 0) return Detour.normalise
    this.facts.found |= bit
    return Detour.retype
  }

  #injectKeys(start: KeyNode, site: Site): KeyNode | undefined {
    const typeMeta = this.typeMeta
    let node: KeyNode | undefined = start
    if (typeMeta === undefined) return node
    for (const [bit, key] of typeKeys) {
      if ((this.injected & bit) === 0 || node === undefined) continue
      node = this.structures.branch(node, key) ?? this.structures.extend(node, site, key)
      this.#ownString(typeMeta[key])
    }
    return node
  }

  #ownString(text: string): void {
    const id = this.values.ownId(text)
    if (id >= 0) this.reference(id)
    else this.ownText(text)
  }

  #map(site: Site): void {
    const head = this.to
    const isLong = site.long
    this.to = head + (isLong ? 3 : 1)
    let count = 0
    if (this.injected !== 0 && site === this.structures.root && this.typeMeta !== undefined) {
      for (const [bit, key] of typeKeys) {
        if ((this.injected & bit) === 0) continue
        this.#ownString(key)
        this.#ownString(this.typeMeta[key])
        count++
      }
    }
    const values = this.structures.mapValuesOf(site)
    const plan = site.plan?.choosesMembers === true ? site.plan : undefined
    const serial = ++this.#mapSerial
    this.at++
    let c = this.bytes[this.at] as number
    if (c !== ch.quote) c = this.skipSpace()
    if (c !== ch.quote && c !== ch.rightBrace) throw this.fail()
    while (c !== ch.rightBrace) {
      const member = plan === undefined ? undefined : this.#plannedMember(plan, serial)
      if (member?.drop === true) {
        this.at = this.scanString() + 1
        this.colon()
        this.skipValue()
      } else {
        this.string(memoAt(site.memos, count * 2))
        this.colon()
        if (member !== undefined) this.#plannedValue(this.structures.memberOf(site, member))
        else if (this.bytes[this.at] === ch.quote) this.string(memoAt(site.memos, count * 2 + 1))
        else this.value(values)
        count++
      }
      c = this.#afterMember()
    }
    this.at++
    this.#head(site, head, count, 0x80, 0xde, isLong)
  }

  #array(site: Site): void {
    if (this.depth >= recordDepthMax) throw Detour.rawJson
    this.depth++
    const head = this.to
    const isLong = site.long
    const elements = this.structures.elementsOf(site)
    const hasColumn = elements.plan !== undefined && elements.plan.column >= 0
    const bytes = this.bytes
    this.to = head + (isLong ? 3 : 1)
    this.at++
    let count = 0
    let c = bytes[this.at] as number
    if (c <= 32) c = this.skipSpace()
    while (c !== ch.rightBracket) {
      if (hasColumn) this.#specialValue(elements)
      else this.value(elements)
      count++
      c = bytes[this.at] as number
      if (c !== ch.comma && c !== ch.rightBracket) c = this.skipSpace()
      if (c === ch.comma) {
        this.at++
        // A bracket here would be a trailing comma: value() refuses it.
      } else if (c !== ch.rightBracket) throw this.fail()
    }
    this.at++
    this.#head(site, head, count, 0x90, 0xdc, isLong)
    this.depth--
  }

  /** Writes the count in front of elements that are there already; a wrong guess of its size moves them. */
  #head(site: Site, head: number, count: number, fix: number, tag16: number, isLong: boolean): void {
    const out = this.out
    site.long = count > 15
    if (!isLong && count < 16) {
      out[head] = fix | count
      return
    }
    const size = count > 65535 ? 5 : 3
    const grow = size - (isLong ? 3 : 1)
    if (grow > 0) {
      out.copyWithin(head + size, head + size - grow, this.to)
      this.to += grow
      if (this.facts.labelsAt > head) this.facts.labelsAt += grow
    }
    const to = this.to
    this.to = head + 1
    out[head] = count > 65535 ? tag16 + 1 : tag16
    if (count > 65535) this.u16(count >>> 16)
    this.u16(count)
    this.to = to
  }

  /** Plan of the key at the cursor, in an object that is a map. */
  #plannedMember(plan: FieldPlan, serial: number): FieldPlan | undefined {
    const end = this.scanString()
    const member = this.escaped
      ? plan.members.get(this.textOf(this.at, end))
      : plan.findMember(this.bytes, this.at + 1, end)
    if (member === undefined) return plan.others
    if (member.lastMap === serial) throw Detour.normalise
    member.lastMap = serial
    return member
  }

  #plannedValue(site: Site): void {
    const plan = site.plan
    if (plan?.isNoted === true) this.#specialValue(site)
    else this.value(site)
  }

  /** A value that is identity or a column. */
  #specialValue(site: Site): void {
    const plan = site.plan as FieldPlan
    const c = this.skipSpace()
    const start = this.at
    const bit = 1 << plan.role
    // Only in maps: a record has no key twice.
    if ((this.facts.found & bit) !== 0 && plan.role !== role.none) throw Detour.normalise
    this.facts.found |= bit
    if ((this.injected & bit) !== 0) throw Detour.retype
    if (plan.role === role.uid && c === ch.quote) this.#uid(site)
    else {
      const isLabels = plan.role === role.labels && c === ch.leftBrace
      if (isLabels) this.facts.labelsAt = this.to
      this.value(site)
      if (
        isLabels &&
        hasRepeatedKey(this.out, this.facts.labelsAt, this.values.values, this.structures.structures)
      ) {
        throw Detour.normalise
      }
      if (plan.role === role.metadata) this.facts.metadataRead = c === ch.leftBrace
    }
    if (c === ch.quote) this.facts.note(plan.role, start, this.at)
    if (plan.hash >= 0) this.facts.noteColumn(plan.hash, start, this.at)
    if (plan.column >= 0 && c !== ch.leftBrace && c !== ch.leftBracket && c !== 110) {
      this.facts.noteColumn(plan.column, start, this.at)
    }
  }

  #uid(site: Site): void {
    this.facts.uidIsBytes = writeUid(this.bytes, this.at, this.out, this.#headerAt)
    if (!this.facts.uidIsBytes) {
      this.string(site.memo)
      return
    }
    this.out[this.to] = recordTags.longValue
    this.out[this.to + 1] = 0xff
    this.out[this.to + 2] = 0xff
    this.to += 3
    this.at += 38
  }
}

const typeKeys = [
  [1 << role.apiVersion, 'apiVersion'],
  [1 << role.kind, 'kind'],
] as const

function memoAt(memos: StringMemo[], i: number): StringMemo {
  if (i > 31) i = 30 + (i & 1)
  while (memos.length <= i) memos.push(new StringMemo())
  return memos[i] as StringMemo
}

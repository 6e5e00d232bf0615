import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CellTable } from '../../src/indexer/cell-table.ts'
import { Slab, VersionCell } from '../../src/protocol/record-store.ts'

const slab = new Slab<string>(Buffer.alloc(0), '')
const cellOf = (version: number): VersionCell<string> => new VersionCell(slab, version, 0, 0)

/** A table, and the map of key → version that it must equal. */
class Bed {
  readonly table = new CellTable<string>()
  readonly model = new Map<string, number>()
  #version = 0

  /** Adds, replaces or deletes, as is possible. */
  change(key: string, deletes: boolean): void {
    const { table, model } = this
    const old = table.get(key)
    expect(old?.offset).toBe(model.get(key))
    if (old !== undefined && deletes) {
      table.delete(old)
      model.delete(key)
      expect(old.position).toBe(-1)
      return
    }
    const version = ++this.#version
    if (old === undefined) table.add(key, cellOf(version))
    else table.replace(old, cellOf(version))
    model.set(key, version)
  }

  announce(keys: readonly string[]): void {
    const texts = keys.map((text) => Buffer.from(text))
    const starts = new Int32Array(keys.length + 1)
    for (const [i, text] of texts.entries()) starts[i + 1] = (starts[i] as number) + text.length
    const read: string[] = []
    this.table.lookAhead(Buffer.concat(texts), starts, keys.length, read)
    expect(read).toEqual(keys)
  }

  check(): void {
    const { table, model } = this
    expect(table.size).toBe(model.size)
    const cells = [...table.cells()]
    expect(cells.length).toBe(model.size)
    expect(new Map(cells.map(({ key, offset }) => [key, offset]))).toEqual(model)
    const namespaces = new Set([...model.keys()].filter((key) => key.includes('/')).map(namespaceOf))
    expect(new Set(table.values())).toEqual(namespaces)
    for (const namespace of namespaces) {
      const keys = [...model.keys()].filter((key) => key.includes('/') && namespaceOf(key) === namespace)
      expect([...(table.keysOf(namespace) ?? [])].sort()).toEqual(keys.sort())
      expect(table.keysOf(namespace)?.size).toBe(keys.length)
      expect([...table.cellsOf(namespace)].map(({ key }) => key).sort()).toEqual(keys)
    }
  }
}

const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/'))
const key = fc
  .tuple(fc.constantFrom('', 'a/', 'ab/', 'b/', 'a-/', 'é/'), fc.nat(40))
  .map(([ns, n]) => `${ns}${n}`)

describe('CellTable', () => {
  it('is a map by key and a list by namespace, whatever comes and goes, and whatever was announced', () => {
    const announced = fc.option(fc.nat(8))
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.boolean(), announced), { maxLength: 400 }), (changes) => {
        const bed = new Bed()
        for (const [i, [name, deletes, count]] of changes.entries()) {
          if (count !== null) bed.announce(changes.slice(i, i + count).map(([next]) => next))
          // Others ask meanwhile.
          if (i % 3 === 0) expect(bed.table.get(`${name}?`)).toBeUndefined()
          bed.change(name, deletes)
        }
        bed.check()
      }),
    )
  })

  it('holds what it held through growth, and gives room back to other names', () => {
    const bed = new Bed()
    const name = (i: number): string => `ns-${i % 7}/pod-${i}`
    for (let i = 0; i < 8_000; i++) bed.change(name(i), false)
    bed.check()
    // Ever-new names: what was deleted must not lengthen the search for those that are there.
    for (let i = 8_000; i < 24_000; i++) {
      bed.change(name(i - 8_000), true)
      bed.change(name(i), false)
    }
    bed.check()
    for (let i = 16_000; i < 24_000; i++) bed.change(name(i), true)
    expect(bed.table.size).toBe(0)
    expect([...bed.table.values()]).toEqual([])
  })

  it('finds names that differ in any one place only', () => {
    const bed = new Bed()
    for (let at = 0; at < 60; at++) {
      for (const letter of 'bcdefg')
        bed.change(`default/${'a'.repeat(at)}${letter}${'a'.repeat(60 - at)}`, false)
    }
    bed.check()
  })

  it('is iterated while objects come and go: what is there throughout comes once, in its newest version', () => {
    fc.assert(
      fc.property(
        fc.array(key, { minLength: 5, maxLength: 60 }),
        fc.array(fc.tuple(key, fc.boolean()), { maxLength: 120 }),
        fc.constantFrom(undefined, 'a'),
        (names, changes, namespace) => {
          const bed = new Bed()
          for (const name of names) bed.change(name, false)
          const throughout = new Set(bed.model.keys())
          const seen: string[] = []
          const rest = [...changes]
          const cells = namespace === undefined ? bed.table.cells() : bed.table.cellsOf(namespace)
          for (const cell of cells) {
            expect(cell.offset).toBe(bed.model.get(cell.key))
            seen.push(cell.key)
            for (const [name, deletes] of rest.splice(0, 2)) {
              if (deletes) throughout.delete(name)
              bed.change(name, deletes)
            }
          }
          for (const name of throughout) {
            const isIn = namespace === undefined || namespaceOf(name) === namespace
            expect(seen.filter((one) => one === name).length).toBe(isIn ? 1 : 0)
          }
          bed.check()
        },
      ),
    )
  })

  it('lets several iterations run at once, some never finished', () => {
    const bed = new Bed()
    for (let i = 0; i < 10; i++) bed.change(`a/${i}`, false)
    const abandoned = bed.table.cells()
    abandoned.next()
    const first = bed.table.cellsOf('a')
    const second = bed.table.cellsOf('a')
    const seen = [first.next(), second.next()].map(({ value }) => [value?.key])
    bed.change('a/0', true)
    bed.change('a/10', false)
    bed.change('a/3', true)
    const third = bed.table.cellsOf('a')
    const passed = third.next().value as VersionCell<string>
    for (const cell of first) seen[0]?.push(cell.key)
    // The last cell must not move to where the third has been.
    bed.change(passed.key, true)
    const there = [...bed.model.keys()].sort()
    for (const cell of second) seen[1]?.push(cell.key)
    expect(seen[0]).toEqual(['0', '1', '2', '4', '5', '6', '7', '8', '9'].map((n) => `a/${n}`))
    expect(seen[1]?.slice(1)).toEqual(there.filter((name) => name !== 'a/10'))
    expect([...third].map(({ key }) => key).sort()).toEqual(there)
    bed.check()
  })
})

import type { Random } from './random.ts'
import type { ServedResource } from './served-resource.ts'
import { type BodyEdit, editStored, parseStored, type StoredObject, storeObject } from './stored-object.ts'

const phases = ['Running', 'Running', 'Running', 'Pending', 'Failed']

/**
 * A status change as controllers make them all day. Where the place of the change can be found in the bytes it is
 * written there: parsing and writing the whole object would be most of what a change costs.
 */
export function touch(served: ServedResource, was: StoredObject, random: Random): StoredObject {
  return served.change('MODIFIED', (version) => {
    const kind = served.type.group === '' ? served.type.resource : ''
    if (kind === 'pods') return touchPod(was, version, random)
    const edit = numberEdit(was, '"example.com/revision":"', version) ?? leaseEdit(was, version)
    return edit === undefined ? touchSlowly(was, version) : editStored(was, version, [edit])
  })
}

function touchPod(was: StoredObject, version: number, random: Random): StoredObject {
  const restarts = numberEdit(was, '"restartCount":', version)
  if (restarts === undefined) return touchSlowly(was, version)
  if (random.below(8) > 0) return editStored(was, version, [restarts])
  const phase = random.pick(phases)
  const mark = '"phase":"'
  const start = was.body.lastIndexOf(mark) + mark.length
  if (start < mark.length) return editStored(was, version, [restarts])
  const edit = { start, end: start + was.phase.length, text: phase }
  return editStored(was, version, [restarts, edit], { phase })
}

/** Puts the version's last digits where the number after `mark` stands: another value each time, within a few bytes. */
function numberEdit(was: StoredObject, mark: string, version: number): BodyEdit | undefined {
  const found = was.body.lastIndexOf(mark)
  if (found < 0) return undefined
  const start = found + mark.length
  let end = start
  while (isDigit(was.body[end] as number)) end++
  return end === start ? undefined : { start, end, text: String(version % 1_000_000) }
}

function leaseEdit(was: StoredObject, version: number): BodyEdit | undefined {
  const mark = '"renewTime":"'
  const found = was.body.lastIndexOf(mark)
  if (found < 0) return undefined
  const start = found + mark.length
  const seconds = new Date(Date.UTC(2026, 9, 1, 12) + version).toISOString().replace('Z', '000Z')
  return { start, end: was.body.indexOf('"', start), text: seconds }
}

/** For objects that a user wrote: parsed, annotated, written. */
function touchSlowly(was: StoredObject, version: number): StoredObject {
  const object = parseStored(was)
  object.metadata.annotations = { ...object.metadata.annotations, 'example.com/revision': String(version) }
  return storeObject(object, version)
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57
}

// The base line in a process of its own: JSON.parse, on the main thread, of every line of a file of objects.
// Prints {"objects", "bytes", "parseMs"}; reading the file is not counted, making the string that JSON.parse needs is.
import { closeSync, openSync, readSync } from 'node:fs'

const [file, countText] = process.argv.slice(2)
const count = Number(countText)
const input = openSync(file as string, 'r')
const chunk = Buffer.alloc(8 << 20)
let kept = 0
let objects = 0
let bytes = 0
let parseMs = 0
let fields = 0
while (objects < count) {
  const got = readSync(input, chunk, kept, chunk.length - kept, null)
  if (got === 0) break
  const filled = kept + got
  let start = 0
  for (;;) {
    const end = chunk.indexOf(10, start)
    if (end < 0 || end >= filled || objects >= count) break
    const before = performance.now()
    const object: { metadata: { name: string } } = JSON.parse(chunk.toString('utf8', start, end))
    parseMs += performance.now() - before
    // Used, or the engine may find that it need not be made.
    fields += object.metadata.name.length
    objects++
    bytes += end - start
    start = end + 1
  }
  chunk.copyWithin(0, start, filled)
  kept = filled - start
}
closeSync(input)
if (objects !== count || fields === 0) throw new Error(`${file}: ${objects} objects, ${count} wanted`)
console.log(JSON.stringify({ objects, bytes, parseMs }))

// The base line in a process of its own: JSON.parse, on the main thread, of every line of a file of objects.
// Prints {"objects", "bytes", "parseMs", "parseCpuMs"}, by the clock and by the thread's CPU clock; reading the file and
// finding its lines is not counted, making the string that JSON.parse needs is.
import { closeSync, openSync, readSync } from 'node:fs'

const [file, countText] = process.argv.slice(2)
const count = Number(countText)
const input = openSync(file as string, 'r')
const chunk = Buffer.alloc(8 << 20)
let kept = 0
let objects = 0
let bytes = 0
let parseMs = 0
let parseCpuMs = 0
let fields = 0
while (objects < count) {
  const got = readSync(input, chunk, kept, chunk.length - kept, null)
  if (got === 0) break
  const filled = kept + got
  const ends: number[] = []
  for (let start = 0; objects + ends.length < count; ) {
    const end = chunk.indexOf(10, start)
    if (end < 0 || end >= filled) break
    ends.push(end)
    start = end + 1
  }
  const before = performance.now()
  const cpuBefore = process.threadCpuUsage()
  let start = 0
  for (const end of ends) {
    const object: { metadata: { name: string } } = JSON.parse(chunk.toString('utf8', start, end))
    // Used, or the engine may find that it need not be made.
    fields += object.metadata.name.length
    start = end + 1
  }
  const { user, system } = process.threadCpuUsage(cpuBefore)
  parseMs += performance.now() - before
  parseCpuMs += (user + system) / 1000
  objects += ends.length
  bytes += start - ends.length
  chunk.copyWithin(0, start, filled)
  kept = filled - start
}
closeSync(input)
if (objects !== count || fields === 0) throw new Error(`${file}: ${objects} objects, ${count} wanted`)
console.log(JSON.stringify({ objects, bytes, parseMs, parseCpuMs }))

/**
 * Socket bytes → events and items, nothing done with them, against a bare search for line feeds in the same bytes. Whole
 * bodies, chunks of 64 KiB (what a socket gives), 1 KiB and one byte. A watch's frames are only found, a list's items are
 * scanned byte by byte: nothing but brackets says where they end.
 */
import assert from 'node:assert/strict'
import { ListDecoder } from '../workers/framing/list-decoder.ts'
import { WatchDecoder } from '../workers/framing/watch-decoder.ts'
import { jsonTexts, shapes } from './fixtures/shapes.ts'
import { measureRatios } from './support/ratios.ts'

const count = 1000
const frameBytesMax = 16 * 1024 * 1024
const sizes: readonly (readonly [name: string, bytes: number])[] = [
  ['whole', Number.MAX_SAFE_INTEGER],
  ['64 KiB', 64 * 1024],
  ['1 KiB', 1024],
  ['1 byte', 1],
]

function cut(body: Buffer, size: number): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < body.length; at += size) chunks.push(body.subarray(at, at + size))
  return chunks
}

interface Sum {
  objects: number
  bytes: number
}

function decodeWatch(chunks: readonly Buffer[]): Sum {
  const sum = { objects: 0, bytes: 0 }
  const decoder = new WatchDecoder(
    {
      object(_type, _bytes, start, end) {
        sum.objects++
        sum.bytes += end - start
      },
      bookmark() {},
      error() {},
      refused(error) {
        throw error
      },
    },
    { frameBytesMax },
  )
  for (const chunk of chunks) decoder.write(chunk)
  assert.equal(decoder.end(), false)
  return sum
}

function decodeList(chunks: readonly Buffer[]): Sum {
  const sum = { objects: 0, bytes: 0 }
  const decoder = new ListDecoder(
    {
      items() {},
      item(_bytes, start, end) {
        sum.objects++
        sum.bytes += end - start
      },
      refused(error) {
        throw error
      },
    },
    { frameBytesMax },
  )
  for (const chunk of chunks) decoder.write(chunk)
  assert.equal(decoder.end().itemCount, sum.objects)
  return sum
}

function findLines(body: Buffer): number {
  let lines = 0
  for (let at = body.indexOf(0x0a); at >= 0; at = body.indexOf(0x0a, at + 1)) lines++
  return lines
}

for (const shape of shapes) {
  const texts = jsonTexts(shape, count)
  const objectBytes = texts.reduce((sum, text) => sum + text.length, 0)
  const watch = Buffer.from(texts.map((text) => `{"type":"ADDED","object":${text}}\n`).join(''))
  const list = Buffer.from(`{"metadata":{"resourceVersion":"9"},"items":[${texts.join(',')}]}\n`)
  const tasks = new Map<string, () => void>()
  for (const [name, size] of sizes) {
    // A byte at a time is for correctness; a tenth of it shows the price.
    const part = size === 1 ? 10 : 1
    const expected = { objects: count, bytes: objectBytes }
    const watchChunks = cut(watch, size)
    const listChunks = cut(list, size)
    assert.deepEqual(decodeWatch(watchChunks), expected)
    assert.deepEqual(decodeList(listChunks), expected)
    if (part === 1) {
      tasks.set(`watch, ${name}`, () => decodeWatch(watchChunks))
      tasks.set(`list, ${name}`, () => decodeList(listChunks))
      continue
    }
    const head = watch.subarray(0, watch.indexOf(0x0a, watch.length / part) + 1)
    const bytes = cut(head, size)
    const scale = watch.length / head.length
    tasks.set(`watch, ${name} (×${scale.toFixed(1)})`, () => decodeWatch(bytes))
  }
  assert.equal(findLines(watch), count)
  const { baselineNs, byTask } = await measureRatios(() => findLines(watch), tasks, { count, rounds: 5 })
  const gigabytes = (ns: number): string => (objectBytes / count / ns).toFixed(2)
  console.log(
    `${shape.name}: ${Math.round(objectBytes / count)} B; line feeds alone ${(baselineNs / 1000).toFixed(2)} µs, ${gigabytes(baselineNs)} GB/s`,
  )
  for (const [name, { ns, ratio }] of byTask) {
    console.log(
      `  ${name.padEnd(24)} ${(ns / 1000).toFixed(2).padStart(8)} µs  ${gigabytes(ns).padStart(6)} GB/s  ${ratio.toFixed(1)} × line feeds`,
    )
  }
}

import { expect, test } from 'vitest'
import { KubeInformerError } from '../../src/errors.ts'
import { ListDecoder } from '../../workers/framing/list-decoder.ts'
import { cuts, decodeList, frameBytesMax } from './support.ts'

const a = '{"metadata":{"name":"a"},"x":"]},{\\"ü😀\\\\"}'
const b = '{"metadata":{"name":"b"},"items":[{"metadata":{}}],"y":[[],{}]}'
const metadata = '{"resourceVersion":"12","continue":"dG9rZW4","remainingItemCount":3}'
const summary = {
  kind: 'PodList',
  apiVersion: 'v1',
  resourceVersion: '12',
  continueToken: 'dG9rZW4',
  itemCount: 2,
}

const builtIn = `{"kind":"PodList","apiVersion":"v1","metadata":${metadata},"items":[${a},${b}]}\n`
const custom = `{"apiVersion":"v1","items":[${a},${b}],"kind":"PodList","metadata":${metadata}}`
const spaced = ` { "metadata" : ${metadata} ,\n "other" : [ 1 , {"items":[{}]} ] , "kind" : "PodList" , "apiVersion" : "v1" ,
  "items" : [ ${a} ,\r\n\t${b} ] , "last" : null } \n`

test.each([
  ['built-in', builtIn, 'items v1 PodList'],
  ['custom', custom, 'items v1 '],
  ['spaced', spaced, 'items v1 PodList'],
])('gives the items of a %s list one by one, cut anywhere', (_what, text, head) => {
  const body = Buffer.from(text)
  for (const size of [1, 2, 5, 64, 1 << 20]) {
    const { told, end } = decodeList(cuts(body, size))
    expect(told).toEqual([head, a, b])
    expect(end()).toEqual(summary)
  }
  for (let at = 1; at < body.length; at++) {
    const { told, end } = decodeList([body.subarray(0, at), body.subarray(at)])
    expect(told).toEqual([head, a, b])
    expect(end()).toEqual(summary)
  }
})

test('gives an item as soon as its last byte is there', () => {
  const body = Buffer.from(builtIn)
  const upTo = body.indexOf(a) + Buffer.byteLength(a)
  expect(decodeList([body.subarray(0, upTo)]).told).toEqual(['items v1 PodList', a])
})

test('does not copy an item that lies whole in a chunk', () => {
  const chunk = Buffer.from(builtIn)
  const seen: Buffer[] = []
  const decoder = new ListDecoder(
    { items() {}, item: (bytes) => seen.push(bytes), refused() {} },
    { frameBytesMax },
  )
  decoder.write(chunk)
  expect(seen).toHaveLength(2)
  for (const bytes of seen) expect(bytes).toBe(chunk)
})

test.each([
  ['[]', ['items v1 PodList']],
  ['[ ]', ['items v1 PodList']],
  ['null', []],
])('takes an empty list, items: %s', (items, expected) => {
  const body = Buffer.from(
    `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":${items}}`,
  )
  for (const size of [1, 1000]) {
    const { told, end } = decodeList(cuts(body, size))
    expect(told).toEqual(expected)
    expect(end()).toEqual({
      kind: 'PodList',
      apiVersion: 'v1',
      resourceVersion: '5',
      continueToken: '',
      itemCount: 0,
    })
  }
})

test.each([1, 100, 1 << 20])('skips an item above its bound, in chunks of %i bytes, and goes on', (size) => {
  const long = `{"metadata":{"name":"long"},"x":"${'y'.repeat(3 * frameBytesMax)}"}`
  const body = Buffer.from(`{"metadata":{"resourceVersion":"5"},"items":[${a},${long},${b}]}`)
  const { told, end } = decodeList(cuts(body, size))
  expect(told).toEqual(['items  ', a, `refused ERR_FRAME_TOO_LARGE ${long.length} ${long.slice(0, 30)}`, b])
  expect(end()).toMatchObject({ itemCount: 3, resourceVersion: '5' })
})

test('gives items that are no objects as they stand: their reader refuses them', () => {
  const body = Buffer.from('{"metadata":{"resourceVersion":"5"},"items":[null,1.5e3,"]",[{}],true]}')
  for (const size of [1, 1000]) {
    const { told, end } = decodeList(cuts(body, size))
    expect(told).toEqual(['items  ', 'null', '1.5e3', '"]"', '[{}]', 'true'])
    expect(end().itemCount).toBe(5)
  }
})

function codeOf(body: string, size = 1000): string {
  try {
    decodeList(cuts(Buffer.from(body), size)).end()
    return 'none'
  } catch (error) {
    return error instanceof KubeInformerError ? error.code : String(error)
  }
}

test.each([
  ['HTML', '<!doctype html><html></html>'],
  ['text', 'upstream connect error'],
  ['nothing', ''],
  ['spaces', ' \n '],
  ['an array', '[]'],
  ['no items', '{"kind":"PodList","metadata":{"resourceVersion":"5"}}'],
  ['no version', '{"kind":"PodList","metadata":{},"items":[]}'],
  ['no metadata', '{"kind":"PodList","items":[]}'],
  ['metadata that is null', '{"kind":"PodList","metadata":null,"items":[]}'],
  ['items that are an object', '{"metadata":{"resourceVersion":"5"},"items":{}}'],
  ['items that are a number', '{"metadata":{"resourceVersion":"5"},"items":1}'],
  ['items twice', '{"metadata":{"resourceVersion":"5"},"items":[],"items":[]}'],
  ['a Table', '{"kind":"Table","metadata":{"resourceVersion":"5"},"items":[]}'],
  ['a comma too much', '{"metadata":{"resourceVersion":"5"},"items":[{},]}'],
  ['a comma in front', '{"metadata":{"resourceVersion":"5"},"items":[,{}]}'],
  ['no comma', '{"metadata":{"resourceVersion":"5"},"items":[{}{}]}'],
  ['no colon', '{"metadata"{"resourceVersion":"5"},"items":[]}'],
  ['a comma behind the last member', '{"metadata":{"resourceVersion":"5"},"items":[],}'],
  ['something behind', '{"metadata":{"resourceVersion":"5"},"items":[]}{}'],
  ['metadata that is no JSON', '{"metadata":{resourceVersion:5},"items":[]}'],
  ['a key without quotes', '{metadata:{"resourceVersion":"5"},"items":[]}'],
  ['metadata without bounds', `{"metadata":{"resourceVersion":"5","x":"${'y'.repeat(70_000)}"},"items":[]}`],
])('refuses a body that is no list: %s', (_what, body) => {
  for (const size of [1, 100_000]) expect(codeOf(body, size)).toBe('ERR_UNEXPECTED_BODY')
})

test('says so when a body ends before its list is complete, wherever', () => {
  for (let end = 1; end < builtIn.trimEnd().length; end++) {
    expect(codeOf(builtIn.slice(0, end))).toBe('ERR_STREAM_ENDED')
  }
})

test('a Status is the error it stands for', () => {
  const status =
    '{"kind":"Status","apiVersion":"v1","metadata":{"continue":"fresh"},"code":410,"reason":"Expired"}'
  expect(() => decodeList(cuts(Buffer.from(status), 3)).end()).toThrowError(
    expect.objectContaining({
      code: 'ERR_VERSION_EXPIRED',
      facts: { status: 410, reason: 'Expired', continueToken: 'fresh' },
    }),
  )
})

test('the message of a refused body holds nothing of the body', () => {
  expect(() => decodeList([Buffer.from('<p>token=secret</p>')])).toThrowError(
    expect.objectContaining({ message: expect.not.stringContaining('secret') }),
  )
})

test.each([1, 2])('tells nothing more once it is closed by what it told %i times', (closeAfter) => {
  for (const size of [1, 20, 1 << 20]) {
    const { told } = decodeList(cuts(Buffer.from(builtIn), size), { closeAfter })
    expect(told).toEqual(['items v1 PodList', a, b].slice(0, closeAfter))
  }
})

test('holds no more than an item, however long the list', () => {
  // 600 MiB in all, more than a string can hold; one chunk of memory.
  const item = `{"metadata":{"name":"x"},"fill":"${'z'.repeat(64 * 1024 - 40)}"},`
  const chunk = Buffer.from(item.repeat(16))
  let items = 0
  const decoder = new ListDecoder(
    { items() {}, item: () => items++, refused() {} },
    { frameBytesMax: 1 << 20 },
  )
  decoder.write(Buffer.from('{"metadata":{"resourceVersion":"5"},"items":['))
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 600; i++) decoder.write(chunk)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024)
  decoder.write(Buffer.from('{}]}'))
  expect(decoder.end().itemCount).toBe(600 * 16 + 1)
  expect(items).toBe(600 * 16 + 1)
})

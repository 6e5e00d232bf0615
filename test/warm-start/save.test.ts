import { execFileSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makePod } from '../../bench/fixtures/pod.ts'
import { Stages } from '../../bench/support/stages.ts'
import { nodeRuntime } from '../../src/base/runtime.ts'
import { Slicer } from '../../src/base/slicer.ts'
import { boundsOf } from '../../src/options.ts'
import { timingOf } from '../../src/reflector/timing.ts'
import { RefusedObjects } from '../../src/refused-objects.ts'
import { SnapshotFile } from '../../src/warm-start/snapshot-file.ts'
import { readSnapshot } from '../../src/warm-start/snapshot-reader.ts'
import { WarmStart } from '../../src/warm-start/warm-start.ts'

let folder: string
let stages: Stages
let warm: WarmStart

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'warm-start-'))
  stages = new Stages()
  stages.list(
    Array.from({ length: 50 }, (_, i) => Buffer.from(JSON.stringify(makePod(i)))),
    100_000,
  )
  stages.apply(stages.batches())
  warm = new WarmStart({
    engine: { runtime: nodeRuntime, slicer: new Slicer(nodeRuntime, 5) },
    resource: 'pods',
    template: {
      path: '/api/v1/pods',
      fields: {},
      columns: [],
      bounds: boundsOf({}),
      timing: timingOf(undefined),
      compression: 'none',
    },
    cache: stages.indexer,
    refused: new RefusedObjects(),
    onSynced: () => {},
    onRefused: () => {},
  })
  await warm.load({ server: 'https://user:password@host:6443/prefix', headers: {} }, () => false)
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Is looked at before each slice, and once more at the end: `act` runs at the last of three looks. */
function thirdLook(act: () => void): AbortSignal {
  let looks = 0
  const signal = {
    get aborted(): boolean {
      if (++looks === 3) act()
      return false
    },
    addEventListener() {},
    removeEventListener() {},
  }
  return signal as unknown as AbortSignal
}

it('holds everything cached, the safe version of the beginning, and no credentials', async () => {
  const file = join(folder, 'pods')
  await warm.save(file)
  const read = await readSnapshot(
    file,
    () => {},
    () => false,
  )
  const rows = [...(read?.epochs.values() ?? [])].flatMap(({ chunks }) =>
    chunks.map((chunk) => chunk.rows.length / 8),
  )
  expect(rows).toEqual([50])
  expect(read?.header).toMatchObject({
    safeVersion: '100000',
    identity: { server: 'https://host:6443/prefix' },
  })
  expect(JSON.stringify(read?.header)).not.toContain('password')
})

it('is given up when a list begins while it is written, after the last record, too', async () => {
  const file = join(folder, 'pods')
  const signal = thirdLook(() => stages.indexer.listStart(2, true))
  await expect(warm.save(file, { signal })).rejects.toMatchObject({
    code: 'ERR_SNAPSHOT',
    facts: { reason: 'listing' },
  })
  expect(readdirSync(folder)).toEqual([])
})

it('is given up by its signal in the middle', async () => {
  const abort = new AbortController()
  const file = join(folder, 'pods')
  const saving = warm.save(file, { signal: abort.signal })
  abort.abort('enough')
  await expect(saving).rejects.toMatchObject({ facts: { reason: 'aborted' }, cause: 'enough' })
  expect(existsSync(file)).toBe(false)
  expect(readdirSync(folder)).toEqual([])
})

it('refuses what is no regular file, and leaves it: it would become one', async () => {
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  symlinkSync('pipe', join(folder, 'link'))
  symlinkSync('loop', join(folder, 'loop'))
  mkdirSync(join(folder, 'folder'))
  for (const name of ['pipe', 'link', 'loop', 'folder']) {
    await expect(warm.save(join(folder, name)), name).rejects.toMatchObject({
      code: 'ERR_SNAPSHOT',
      facts: { reason: 'not-regular' },
    })
  }
  expect(lstatSync(pipe).isFIFO()).toBe(true)
  expect(readdirSync(folder).sort()).toEqual(['folder', 'link', 'loop', 'pipe'])
})

it('replaces what a link names, there or not, and leaves the link', async () => {
  // Its parent is not the folder that the link lies in.
  mkdirSync(join(folder, 'volume', 'deep'), { recursive: true })
  symlinkSync('volume/deep', join(folder, 'deep'))
  symlinkSync('../target', join(folder, 'volume', 'deep', 'second'))
  symlinkSync('deep/second', join(folder, 'link'))
  for (const content of ['there', undefined]) {
    const target = join(folder, 'volume', 'target')
    rmSync(target, { force: true })
    if (content !== undefined) writeFileSync(target, content)
    await warm.save(join(folder, 'link'))
    expect(readFileSync(target).length).toBeGreaterThan(1_000)
    const read = readSnapshot(
      join(folder, 'link'),
      () => {},
      () => false,
    )
    expect(await read).toBeDefined()
  }
  expect(readlinkSync(join(folder, 'link'))).toBe('deep/second')
  expect(readdirSync(folder).sort()).toEqual(['deep', 'link', 'volume'])
  expect(readdirSync(join(folder, 'volume')).sort()).toEqual(['deep', 'target'])
})

it('removes what killed savers of the same file left long ago, and nothing else', async () => {
  const file = join(folder, 'pods')
  const live = await SnapshotFile.create(file)
  const [liveName] = readdirSync(folder) as [string]
  const kept = ['.nodes.0123456789abcdef.tmp', '.pods.mine.tmp', 'pods.0123456789abcdef.tmp']
  for (const name of [...kept, '.pods.0123456789abcdef.tmp']) {
    writeFileSync(join(folder, name), 'old')
    utimesSync(join(folder, name), 1, 1)
  }
  await warm.save(file)
  expect(readdirSync(folder).sort()).toEqual([liveName, ...kept, 'pods'].sort())
  await live.discard()
})

it('gives no name of a file twice: process and thread have the same ids in every container', async () => {
  const file = join(folder, 'pods')
  const names = async (): Promise<readonly string[]> => {
    const saving = [await SnapshotFile.create(file), await SnapshotFile.create(file)]
    const found = readdirSync(folder)
    for (const one of saving) await one.discard()
    return found
  }
  const all = [...(await names()), ...(await names())]
  expect(all.filter((name) => /^\.pods\.[0-9a-f]{16}\.tmp$/.test(name))).toEqual(all)
  expect(new Set(all).size).toBe(4)
})

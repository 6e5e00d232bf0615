import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
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

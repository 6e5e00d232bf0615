import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { threadCounts } from '../contract/contract-bed.ts'
import { startChild } from '../support/child-process.ts'
import { repositoryDir } from '../support/go-build.ts'
import { seededRandom } from '../support/json-texts.ts'
import { until } from '../support/until.ts'
import { WarmBed } from './warm-bed.ts'

describe.each(threadCounts)('a snapshot of a cache that changes, threads: $threads', ({ threads }) => {
  let warm: WarmBed

  beforeEach(async () => {
    warm = await WarmBed.start(threads)
  })
  afterEach(() => warm.end())

  it('is one from which the watch makes the cache of now, whatever changed while it was written', async () => {
    const { bed } = warm
    const random = seededRandom(7)
    const names = Array.from({ length: 1_500 }, (_, i) => `object-${i}`)
    const present = new Set(names)
    for (const name of names) bed.create(name, { text: 'x'.repeat(3_000) })
    const writer = warm.begin({}, { sliceMs: 1 })
    await writer.synced()
    const change = (): void => {
      const name = names[Math.floor(random() * names.length)] as string
      const kind = random()
      if (!present.has(name)) {
        bed.create(name, { text: 'new' })
        present.add(name)
      } else if (kind < 0.4) bed.update(name, { text: 'updated' })
      else {
        bed.delete(name)
        present.delete(name)
        // Re-created under the same name: another uid.
        if (kind < 0.7) {
          bed.create(name, { text: 'again' })
          present.add(name)
        }
      }
    }
    let changesMeanwhile = 0
    for (let round = 0; round < 2; round++) {
      const version = bed.server.version
      let isSaving = true
      const saving = writer.informer.saveSnapshot(warm.file).finally(() => {
        isSaving = false
      })
      while (isSaving) {
        for (let i = 0; i < 20; i++) change()
        await new Promise((resolve) => setImmediate(resolve))
      }
      await saving
      changesMeanwhile += bed.server.version - version
      for (let i = 0; i < 100; i++) change()
      const life = warm.begin()
      await life.synced()
      await life.settled()
      await life.informer.stop()
      expect(life.informer.stats().watch.lists).toBe(0)
      await life.end()
    }
    expect(changesMeanwhile).toBeGreaterThan(100)
    await writer.settled()
  })
})

it('a process that is killed while it saves leaves the file from before', async () => {
  const warm = await WarmBed.start(0)
  try {
    for (let i = 0; i < 300; i++) warm.bed.create(`object-${i}`, { text: 'x'.repeat(10_000) })
    const script = join(repositoryDir, 'test/warm-start/saving-child.ts')
    for (let round = 0; round < 2; round++) {
      const child = startChild(process.execPath, [script, warm.bed.server.url, warm.file])
      try {
        // It saves again and again, so that whatever moment it dies at is inside a save.
        await until(() => child.output().includes('saved 2'), 'it saved twice', 30_000)
      } finally {
        await child.stop('SIGKILL')
      }
      const life = warm.begin()
      await life.synced()
      await life.settled()
      expect(life.informer.health().warmStart).toBe('loaded')
      await life.end()
    }
    expect(warm.warnings).toEqual([])
  } finally {
    await warm.end()
  }
})

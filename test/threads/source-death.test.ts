import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sleep, until } from '../contract/contract-bed.ts'
import { SourceBed } from '../contract/source-bed.ts'
import { clearPlan, type DeathPlan, deathCount, setPlan, writeLog } from './death-plan.ts'

const workerUrl = new URL('./dying-worker.ts', import.meta.url)
const objectCount = 1_500
const limitMs = 60_000

describe('a worker thread that dies while a user’s functions feed it', () => {
  let bed: SourceBed
  let directory: string

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'kube-informer-'))
    bed = new SourceBed(1)
  })
  afterEach(async () => {
    await bed.end()
    clearPlan()
    rmSync(directory, { recursive: true, force: true })
  })

  it.each([
    { when: 'unstarted', how: 'exit', count: 1 },
    { when: 'listing', how: 'exit', count: 1 },
    { when: 'unsent', how: 'exit', count: 2 },
    { when: 'in-flight', how: 'throw', count: 1 },
  ] as const)('loses nothing: $when, $how, $count times', { timeout: 2 * limitMs }, async (death) => {
    const plan: DeathPlan = { log: join(directory, 'log'), path: 'things', ...death }
    writeFileSync(plan.log, '')
    setPlan(plan)
    const { source } = bed
    const padding = 'x'.repeat(500)
    for (let i = 0; i < objectCount; i++) source.put(`m${i}`, { padding: `${padding}${i}` })
    const informer = bed.informer({ workerUrl })
    informer.addEventHandler(bed.recorder.handlers)
    informer.start()
    if (death.when === 'unsent' || death.when === 'in-flight') {
      await until(() => informer.lastSyncResourceVersion !== undefined, 'main has the whole list', limitMs)
      writeLog(plan, 'listed', '')
    }
    const end = Date.now() + limitMs
    for (let i = 0; deathCount(plan) < plan.count || informer.stats().workerRestarts < plan.count; i++) {
      if (Date.now() > end) throw new Error(`only ${deathCount(plan)} deaths`)
      source.put(`m${i % 50}`, { i: String(i) })
      source.put(`new${i}`, { i: String(i) })
      if (i >= 20) source.delete(`new${i - 20}`)
      await sleep(2)
    }
    await bed.settled(informer)
    await until(() => informer.state === 'watching', 'the successor is well', limitMs)
    // The dead thread's requests are given up with it.
    await until(() => source.openIterators === 1, 'one watch is left')
    // Once watching, a successor resumes where main was.
    const lists = source.calls.filter((call) => call === 'list').length
    expect(lists).toBe(death.when === 'listing' ? 2 : 1)
  })
})

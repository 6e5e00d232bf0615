import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryDir } from '../../test/support/go-build.ts'
import { parseBaseline } from '../e2e/context.ts'
import { type EmbeddedServer, startEmbedded } from '../e2e/embedded.ts'
import { startEngine } from '../e2e/engine.ts'
import { median } from '../support/numbers.ts'
import type { RatioBudget, Sample } from './hold.ts'

const objects = 20_000
const rounds = 3

/**
 * CPU time of the main thread while a cluster syncs and nobody reads, over that of JSON.parse for the same objects. Both in
 * fresh processes, alternating; by the thread's own clock, since server, worker and main share the cores.
 */
export class MainBusy implements RatioBudget {
  readonly title = 'main busy during a sync / JSON.parse of the same objects'
  /**
   * The budget is 0.2 for 150,000 pods, whose JSON.parse takes 3 s and more. Here it takes 0.4 s, and what is paid once
   * weighs more: 20 ms before the first object, and code that V8 has not compiled yet.
   */
  readonly must = 0.3
  #server: EmbeddedServer | undefined
  readonly #file = join(repositoryDir, '.cache/bench', `guard-${process.pid}.ndjson`)

  async measure(): Promise<Sample> {
    this.#server ??= await this.#prepare()
    const { url } = this.#server
    const busyMs: number[] = []
    const parseMs: number[] = []
    for (let round = 0; round < rounds; round++) {
      parseMs.push((await parseBaseline(this.#file, objects)).parseCpuMs)
      const engine = startEngine({ url, read: 'none' })
      try {
        const synced = await engine.next()
        if (synced.objects !== objects) throw new Error(`synced ${synced.objects} of ${objects} objects`)
        busyMs.push(synced.mainCpuMs)
      } finally {
        await engine.end()
      }
    }
    return {
      ratios: busyMs.map((ms, i) => ms / (parseMs[i] as number)),
      baselineSpread: Math.max(...parseMs) / Math.min(...parseMs),
      detail: `${Math.round(median(busyMs))} ms / ${Math.round(median(parseMs))} ms for ${objects} pods`,
    }
  }

  async close(): Promise<void> {
    await this.#server?.stop()
    await rm(this.#file, { force: true })
  }

  /** The server, and its objects in a file, a line each. */
  async #prepare(): Promise<EmbeddedServer> {
    const server = await startEmbedded(objects)
    try {
      await mkdir(join(repositoryDir, '.cache/bench'), { recursive: true })
      const output = createWriteStream(this.#file)
      let token = ''
      do {
        const query = new URLSearchParams({ limit: '1000', ...(token !== '' && { continue: token }) })
        const response = await fetch(`${server.url}/api/v1/pods?${query}`)
        const page = (await response.json()) as { items: unknown[]; metadata: { continue?: string } }
        output.write(page.items.map((item) => `${JSON.stringify(item)}\n`).join(''))
        token = page.metadata.continue ?? ''
      } while (token !== '')
      output.end()
      await once(output, 'close')
      return server
    } catch (error) {
      await server.stop()
      throw error
    }
  }
}

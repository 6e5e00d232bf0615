import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Informer, InformerFactoryOptions, KubeInformerError, SelectOptions } from '../../src/index.ts'
import type { EmbeddedApiServerOptions } from '../../src/testing/index.ts'
import { type ConfigMap, ContractBed } from '../contract/contract-bed.ts'
import { cached, Recorder, sameState } from '../contract/recorder.ts'
import { until } from '../support/until.ts'

/** One life of a program that watches config maps. */
export interface Life {
  readonly informer: Informer<ConfigMap>
  readonly recorder: Recorder
  synced(): Promise<void>
  /** Cache and handler's fold are what the server holds, and no call broke the contract. */
  settled(): Promise<void>
  end(): Promise<void>
}

/** A server, a folder for snapshots, and the warnings that were heard. */
export class WarmBed {
  readonly bed: ContractBed
  readonly folder: string = mkdtempSync(join(tmpdir(), 'warm-start-'))
  readonly file: string = join(this.folder, 'configmaps.snapshot')
  readonly warnings: KubeInformerError[] = []
  readonly #hear = (warning: Error): void => {
    if ((warning as KubeInformerError).code === 'ERR_WARM_START')
      this.warnings.push(warning as KubeInformerError)
  }

  constructor(bed: ContractBed) {
    this.bed = bed
    process.on('warning', this.#hear)
  }

  static async start(threads: number, options: EmbeddedApiServerOptions = {}): Promise<WarmBed> {
    return new WarmBed(await ContractBed.start(threads, options))
  }

  async end(): Promise<void> {
    process.off('warning', this.#hear)
    await this.bed.end()
    rmSync(this.folder, { recursive: true })
  }

  /** `warmStart`: the bed's file unless it is said. */
  begin(select: SelectOptions = { warmStart: this.file }, options: InformerFactoryOptions = {}): Life {
    const factory = this.bed.factory(options)
    const handle = factory.core.v1.configmaps.select(select)
    const informer = handle.informer as unknown as Informer<ConfigMap>
    const recorder = new Recorder()
    const registration = informer.addEventHandler(recorder.handlers)
    factory.start()
    return {
      informer,
      recorder,
      synced: () => registration.waitForSync({ signal: AbortSignal.timeout(20_000) }),
      settled: async () => {
        const isSettled = (): boolean =>
          sameState(cached(informer), this.bed.truth()) && sameState(recorder.state(), this.bed.truth())
        await until(isSettled, 'cache, fold and server are the same')
        if (recorder.problems.length > 0) throw new Error(recorder.problems.join('\n'))
      },
      end: () => factory.close(),
    }
  }

  /** Fills the server, syncs once, saves, and ends that life. */
  async saved(objects = 50): Promise<void> {
    for (let i = 0; i < objects; i++) this.bed.create(`object-${i}`, { index: String(i), text: 'the same' })
    const life = this.begin({})
    await life.synced()
    await life.informer.saveSnapshot(this.file)
    await life.end()
  }

  /** Of each kind one. */
  change(): void {
    this.bed.update('object-1', { changed: 'yes' })
    this.bed.delete('object-2')
    this.bed.delete('object-3')
    this.bed.create('object-3', { again: 'yes' })
    this.bed.create('object-new')
  }
}

import type { KubeClient, KubeObject } from '../../support/kube-client.ts'
import { pod, podsPath } from './objects.ts'

export interface Life {
  readonly key: string
  readonly uid: string
  readonly createdAtMs: number
  deletedAtMs: number | undefined
  updates: number
}

/**
 * Creates, labels and deletes pods one request after another, and writes down whose life began and ended when:
 * the ledger that an informer's output is checked against. Names are taken again at times, with a new uid.
 */
export class Churn {
  readonly lives: Life[] = []
  readonly #client: KubeClient
  readonly #alive: Life[] = []
  readonly #prefix: string
  #running: Promise<void> | undefined
  #stop = false
  #step = 0

  constructor(client: KubeClient, prefix: string) {
    this.#client = client
    this.#prefix = prefix
  }

  get alive(): readonly Life[] {
    return this.#alive
  }

  async create(name: string): Promise<Life> {
    const life = await this.createKept(name)
    this.#alive.push(life)
    return life
  }

  /**
   * Of the ledger, but no step touches it: a pod that is waited for must not be gone before it is told, for create and
   * delete may then be merged into nothing.
   */
  async createKept(name: string): Promise<Life> {
    const created = await this.#client.create(podsPath, pod(name, { churn: this.#prefix }))
    const life: Life = {
      key: keyOf(created),
      uid: created.metadata.uid,
      createdAtMs: performance.now(),
      deletedAtMs: undefined,
      updates: 0,
    }
    this.lives.push(life)
    return life
  }

  async update(life: Life): Promise<void> {
    life.updates++
    const patch = { metadata: { annotations: { 'example.com/step': String(this.#step) } } }
    await this.#client.mergePatch(pathOf(life), patch)
  }

  async delete(life: Life): Promise<void> {
    await this.#client.delete(pathOf(life))
    life.deletedAtMs = performance.now()
    this.#alive.splice(this.#alive.indexOf(life), 1)
  }

  /** One change: the mix is a fixed pattern, so that every run makes creates, updates, deletes and re-creations. */
  async step(): Promise<void> {
    const step = this.#step++
    const victim = this.#alive[(step * 7) % Math.max(1, this.#alive.length)]
    if (victim === undefined || step % 5 < 2) {
      await this.create(`${this.#prefix}-${step}`)
    } else if (step % 5 === 2) {
      await this.update(victim)
    } else {
      await this.delete(victim)
      if (step % 15 === 3) await this.create(victim.key.slice(victim.key.indexOf('/') + 1))
    }
  }

  /** Deletes what is left, save what is kept. */
  async clear(): Promise<void> {
    for (const life of [...this.#alive]) await this.delete(life)
  }

  start(pauseMs: number): void {
    this.#stop = false
    this.#running = (async () => {
      while (!this.#stop) {
        await this.step()
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    })()
    // Seen by stop(); until then an unhandled rejection would end the test run without a word on where.
    this.#running.catch(() => {})
  }

  async stop(): Promise<void> {
    this.#stop = true
    await this.#running
  }
}

export function keyOf(object: KubeObject): string {
  const { namespace, name } = object.metadata
  return namespace === undefined ? name : `${namespace}/${name}`
}

function pathOf(life: Life): string {
  return `${podsPath}/${life.key.slice(life.key.indexOf('/') + 1)}`
}

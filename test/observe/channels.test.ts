import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KubeInformerError } from '../../src/errors.ts'
import type { ChannelMessages } from '../../src/index.ts'
import { channels } from '../../src/observe/channels.ts'
import { InformerObserver } from '../../src/observe/informer-observer.ts'
import { ContractBed, threadCounts, until } from '../contract/contract-bed.ts'
import { root } from '../guards/source-tree.ts'

const page = readFileSync(join(root, 'docs/diagnostics-channels.md'), 'utf8')
const source = readFileSync(join(root, 'src/observe/channels.ts'), 'utf8')
const names = Object.keys(channels) as (keyof ChannelMessages)[]

function rowsOf(section: string): readonly string[] {
  const text = page.split(/^## /m).find((part) => part.startsWith(`\`${section}\``)) ?? ''
  return [...text.matchAll(/^\| `(\w+)` /gm)].map((match) => match[1] as string)
}

function fieldsOf(body: string | undefined, indent: number): readonly string[] {
  const pattern = new RegExp(`^ {${indent}}readonly (\\w+)\\??:`, 'gm')
  return [...(body ?? '').matchAll(pattern)].map((match) => match[1] as string)
}

it('the page has every channel with every field of its message, and no other', () => {
  const declared = [
    ...source.matchAll(/^ {2}'(kube-informer:[\w:-]+)': InformerScope & \{\n([\s\S]*?)^ {2}\}/gm),
  ]
  expect(declared.map(([, name]) => name)).toEqual(names)
  for (const [, name, body] of declared)
    expect([name, rowsOf(name as string)]).toEqual([name, fieldsOf(body, 4)])
  const scope = /^export interface InformerScope \{\n([\s\S]*?)^\}/m.exec(source)?.[1]
  expect(rowsOf('InformerScope')).toEqual(fieldsOf(scope, 2))
  const sections = [...page.matchAll(/^## `(kube-informer:[\w:-]+)`/gm)].map((match) => match[1])
  expect(sections).toEqual(names)
})

it('every channel is a line of the page on logging', () => {
  const logging = readFileSync(join(root, 'docs/logging.md'), 'utf8')
  for (const name of names)
    if (!name.includes(':watch:') && name !== 'kube-informer:list:end') expect(logging).toContain(name)
})

type Message = Readonly<Record<string, unknown>>

class Heard {
  readonly all: (readonly [name: string, message: Message])[] = []
  readonly #subscriptions = names.map((name) => {
    const hear = (message: unknown): number => this.all.push([name, message as Message])
    subscribe(name, hear)
    return () => unsubscribe(name, hear)
  })

  end(): void {
    for (const unsubscribeOne of this.#subscriptions) unsubscribeOne()
  }

  of<Name extends keyof ChannelMessages>(name: Name): readonly ChannelMessages[Name][] {
    return this.all
      .filter(([one]) => one === name)
      .map(([, message]) => message as unknown as ChannelMessages[Name])
  }
}

describe.each(threadCounts)('what channels tell, threads: $threads', ({ threads }) => {
  let bed: ContractBed
  let heard: Heard
  beforeEach(async () => {
    bed = await ContractBed.start(threads)
    heard = new Heard()
  })
  afterEach(async () => {
    heard.end()
    await bed.end()
  })

  it('lists, watches, states, refused objects, failing handlers: each with its fields and no more', async () => {
    bed.create('good')
    bed.create('large', { text: 'x'.repeat(100_000) })
    const factory = bed.factory({ name: 'mine', frameBytesMax: 64 * 1024, onHandlerError: () => {} })
    const { informer } = factory.core.v1.configmaps.select({ namespace: 'default' })
    informer.addEventHandler({
      onAdd: () => {
        throw new Error('no')
      },
    })
    informer.start()
    await until(() => heard.of('kube-informer:handler:error').length > 0, 'the handler has failed')
    await until(() => heard.of('kube-informer:watch:start').length === 1, 'the watch began')
    bed.server.triggerRelist()
    await until(() => heard.of('kube-informer:watch:start').length >= 3, 'it was listed and watched anew')
    await factory.close()

    const documented = new Map(names.map((name) => [name as string, rowsOf(name)]))
    for (const [name, message] of heard.all) {
      expect(message).toMatchObject({
        factory: 'mine',
        resource: 'configmaps',
        path: '/api/v1/namespaces/default/configmaps',
      })
      const fields = Object.keys(message).filter((field) => !rowsOf('InformerScope').includes(field))
      expect(documented.get(name)).toEqual(expect.arrayContaining(fields))
    }
    // Of the first list alone: batches came before it was complete, and after.
    expect(heard.of('kube-informer:informer:synced')).toEqual([
      expect.objectContaining({ objects: 1, durationMs: expect.any(Number) }),
    ])
    const lists = heard.of('kube-informer:list:start')
    expect(lists[0]).toMatchObject({ mode: 'stream', isRelist: false, isReset: false })
    expect(lists[0]?.error).toBeUndefined()
    expect(lists.at(-1)).toMatchObject({ isRelist: true, error: { code: 'ERR_VERSION_EXPIRED' } })
    const ends = heard.of('kube-informer:list:end')
    expect(ends).toHaveLength(lists.length)
    expect(ends.every(({ isComplete }) => isComplete)).toBe(true)
    // Each that began has ended, the last one by the close.
    expect(heard.of('kube-informer:watch:end')).toHaveLength(heard.of('kube-informer:watch:start').length)
    expect(heard.of('kube-informer:object:refused')[0]).toMatchObject({
      key: 'default/large',
      error: { code: 'ERR_FRAME_TOO_LARGE' },
    })
    expect(heard.of('kube-informer:handler:error')[0]).toMatchObject({
      key: 'default/good',
      handler: 'onAdd',
    })
    const states = heard.of('kube-informer:informer:state').map(({ state, previous }) => [previous, state])
    expect(states[0]).toEqual(['idle', 'connecting'])
    expect(states.at(-1)?.[1]).toBe('stopped')
    for (const [at, [previous]] of states.entries()) if (at > 0) expect(previous).toBe(states[at - 1]?.[1])
  })

  it('calls of handlers are traced, across their awaits, and stay what they are', async () => {
    bed.create('a')
    const calls: string[] = []
    const traced = new Set<object>()
    const say = (what: string) => (message: { readonly key: string; readonly handler: string }) => {
      traced.add(message)
      calls.push(`${what} ${message.handler} ${message.key}`)
    }
    const subscribers = {
      start: say('start'),
      end: say('end'),
      asyncStart: say('asyncStart'),
      asyncEnd: say('asyncEnd'),
      error: say('error'),
    }
    const channel = tracingChannel<unknown, { key: string; handler: string }>('kube-informer:handler')
    channel.subscribe(subscribers)
    const factory = bed.factory({ onHandlerError: () => {} })
    const { informer } = factory.core.v1.configmaps
    const registration = informer.addEventHandler({
      onAdd: () => void calls.push('called'),
      onUpdate: async () => {
        await null
        throw new Error('late')
      },
    })
    informer.start()
    await registration.waitForSync()
    bed.update('a', { changed: 'yes' })
    await until(() => registration.stats().errors === 1, 'the update has failed')
    channel.unsubscribe(subscribers)
    bed.create('b')
    await until(() => registration.stats().delivered === 3, 'a call that nobody traces')
    expect(calls).toEqual([
      'start onAdd default/a',
      'called',
      'end onAdd default/a',
      'start onUpdate default/a',
      'end onUpdate default/a',
      'error onUpdate default/a',
      'asyncStart onUpdate default/a',
      'asyncEnd onUpdate default/a',
      'called',
    ])
    // One object a call.
    expect(traced.size).toBe(2)
  })
})

it('a thread that died is told once, and what it did has ended', () => {
  const heard = new Heard()
  const scope = { factory: '', resource: 'pods', path: '/api/v1/pods' }
  let nowMs = 1_000
  const observer = new InformerObserver({ scope, nowMs: () => nowMs, silenceMs: 70_000 })
  observer.state('connecting', undefined, 0, -1)
  observer.note({ type: 'list-start', mode: 'stream', isRelist: false, isReset: false })
  nowMs = 1_500
  const death = new KubeInformerError('ERR_WORKER_DIED', 'the worker thread of this watch died')
  observer.state('retrying', death, 1, 7)
  heard.end()
  expect(heard.all.slice(2)).toEqual([
    ['kube-informer:list:end', { ...scope, isComplete: false, durationMs: 500, error: death }],
    ['kube-informer:worker:death', { ...scope, threadId: 7, error: death }],
    [
      'kube-informer:informer:state',
      { ...scope, state: 'retrying', previous: 'connecting', attempt: 1, error: death },
    ],
  ])
})

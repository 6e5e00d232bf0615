import { expect, test } from 'vitest'
import { CredentialsBroker } from '../../src/config/credentials-broker.ts'
import { KubeInformerError } from '../../src/errors.ts'
import type { ConnectionMaterial } from '../../src/protocol/messages.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'
import { fakeRuntime } from './support.ts'

/** A source whose loads the test settles one by one. */
function controlledSource(reuseMs = 60_000) {
  const loads: { fresh: boolean; resolve: (name: string) => void; reject: (error: Error) => void }[] = []
  return {
    loads,
    source: {
      reuseMs,
      load(fresh: boolean): Promise<ConnectionMaterial> {
        const { promise, resolve, reject } = Promise.withResolvers<ConnectionMaterial>()
        loads.push({ fresh, resolve: (name) => resolve({ server: name, headers: {} }), reject })
        return promise
      },
    },
  }
}

test('one load serves everybody who asks while it runs, and is kept for reuseMs', async () => {
  const { loads, source } = controlledSource()
  const runtime = fakeRuntime()
  const broker = new CredentialsBroker(source, runtime)
  const both = Promise.all([broker.material(), broker.material()])
  loads[0]?.resolve('a')
  expect((await both).map((material) => material.server)).toEqual(['a', 'a'])
  runtime.now += 59_999
  expect((await broker.material()).server).toBe('a')
  expect(loads).toHaveLength(1)
  runtime.now += 1
  const next = broker.material()
  loads[1]?.resolve('b')
  expect((await next).server).toBe('b')
  expect(loads.map((load) => load.fresh)).toEqual([false, false])
})

test('refusals of many watches share one fresh load, also those that arrive just after it', async () => {
  const { loads, source } = controlledSource()
  const runtime = fakeRuntime()
  const broker = new CredentialsBroker(source, runtime)
  const first = broker.material()
  loads[0]?.resolve('old')
  await first
  const refused = Promise.all([broker.refresh(), broker.refresh()])
  loads[1]?.resolve('new')
  expect((await refused).map((material) => material.server)).toEqual(['new', 'new'])
  runtime.now += 500
  expect((await broker.refresh()).server).toBe('new')
  expect(loads.map((load) => load.fresh)).toEqual([false, true])
  runtime.now += 1_000
  const again = broker.refresh()
  loads[2]?.resolve('newer')
  expect((await again).server).toBe('newer')
})

test('a slow load that was started before a refresh does not replace what the refresh brought', async () => {
  const { loads, source } = controlledSource()
  const broker = new CredentialsBroker(source, fakeRuntime())
  const slow = broker.material()
  const fresh = broker.refresh()
  loads[1]?.resolve('fresh')
  expect((await fresh).server).toBe('fresh')
  loads[0]?.resolve('refused')
  await slow
  expect((await broker.material()).server).toBe('fresh')
  expect(loads).toHaveLength(2)
})

test('a source that fails later keeps running watches going; a refresh and the first load reject', async () => {
  const { loads, source } = controlledSource()
  const runtime = fakeRuntime()
  const broker = new CredentialsBroker(source, runtime)
  const first = broker.material()
  loads[0]?.reject(new KubeInformerError('ERR_CREDENTIALS', 'no file'))
  await expect(first).rejects.toMatchObject({ code: 'ERR_CREDENTIALS' })
  const second = broker.material()
  loads[1]?.resolve('good')
  await second
  runtime.now += 60_000
  // One of them starts the load, the other shares it.
  const third = Promise.all([broker.material(), broker.material()])
  loads[2]?.reject(new Error('rotating'))
  expect((await third).map((material) => material.server)).toEqual(['good', 'good'])
  const refused = broker.refresh()
  loads[3]?.reject(new KubeInformerError('ERR_CREDENTIALS', 'no file'))
  await expect(refused).rejects.toMatchObject({ code: 'ERR_CREDENTIALS' })
})

/** A source that gives what stands in `server`. */
function changingSource(reuseMs = 60_000) {
  const state = { server: 'a', reuseMs, loads: 0, fails: false }
  const runtime = new VirtualRuntime()
  const source = {
    get reuseMs() {
      return state.reuseMs
    },
    async load(): Promise<ConnectionMaterial> {
      state.loads++
      if (state.fails) throw new Error('rotating')
      return { server: state.server, headers: {} }
    },
  }
  return { state, runtime, broker: new CredentialsBroker(source, runtime) }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('who listens hears of what has changed within reuseMs, and of nothing else; then no timer is left', async () => {
  const { state, runtime, broker } = changingSource()
  const heard: string[] = []
  const end = broker.listen((material) => heard.push(material.server))
  const first = await broker.material()
  await settle()
  runtime.advance(60_000)
  await settle()
  expect(await broker.material()).toBe(first)
  expect({ heard, loads: state.loads }).toEqual({ heard: [], loads: 2 })
  state.server = 'b'
  runtime.advance(59_999)
  expect(heard).toEqual([])
  runtime.advance(1)
  await settle()
  expect(heard).toEqual(['b'])
  state.server = 'c'
  await broker.refresh()
  expect(heard).toEqual(['b', 'c'])
  // What expires soon is looked at soon.
  state.reuseMs = 3_000
  await broker.refresh()
  runtime.advance(60_000)
  await settle()
  state.server = 'd'
  runtime.advance(3_000)
  await settle()
  expect(heard).toEqual(['b', 'c', 'd'])
  end()
  end()
  expect(runtime.timerCount).toBe(0)
})

test('a source that fails is asked again by itself, not at full speed', async () => {
  const { state, runtime, broker } = changingSource()
  const heard: string[] = []
  broker.listen((material) => heard.push(material.server))
  await broker.material()
  await settle()
  Object.assign(state, { fails: true, server: 'b', loads: 0 })
  runtime.advance(60_000)
  await settle()
  for (let ms = 0; ms < 10_000; ms += 100) {
    runtime.advance(100)
    await settle()
  }
  expect(state.loads).toBe(6)
  state.fails = false
  runtime.advance(2_000)
  await settle()
  expect(heard).toEqual(['b'])
  await broker.close()
  expect(runtime.timerCount).toBe(0)
})

test('a broken connection makes it look at once, but not for each of many; never at what cannot change', async () => {
  const { state, runtime, broker } = changingSource()
  const heard: string[] = []
  broker.listen((material) => heard.push(material.server))
  broker.reload()
  expect(state.loads).toBe(0)
  await broker.material()
  state.server = 'b'
  runtime.advance(2_000)
  for (let watch = 0; watch < 200; watch++) broker.reload()
  await settle()
  for (let watch = 0; watch < 200; watch++) broker.reload()
  await settle()
  expect({ heard, loads: state.loads }).toEqual({ heard: ['b'], loads: 2 })
  state.reuseMs = Number.POSITIVE_INFINITY
  runtime.advance(10_000)
  broker.reload()
  expect(state.loads).toBe(2)
})

import { expect, test } from 'vitest'
import { CredentialsBroker } from '../../src/config/credentials-broker.ts'
import { KubeInformerError } from '../../src/errors.ts'
import type { ConnectionMaterial } from '../../src/protocol/messages.ts'
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
  const third = broker.material()
  loads[2]?.reject(new Error('rotating'))
  expect((await third).server).toBe('good')
  const refused = broker.refresh()
  loads[3]?.reject(new KubeInformerError('ERR_CREDENTIALS', 'no file'))
  await expect(refused).rejects.toMatchObject({ code: 'ERR_CREDENTIALS' })
})

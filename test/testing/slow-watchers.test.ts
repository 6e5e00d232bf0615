import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { startServer, WatchClient } from './server-client.ts'

// Each 40 KB: a socket's buffers are full after a few hundred of them, whatever the kernel grants.
function bulk(i: number): Record<string, unknown> {
  return {
    metadata: { name: `bulk-${i}`, namespace: 'default' },
    data: { text: 'x'.repeat(40_000) },
  }
}

async function writeUntil(write: (i: number) => void, condition: () => boolean): Promise<void> {
  let i = 0
  await until(async () => {
    for (let n = 0; n < 50; n++) write(i++)
    return condition()
  }, 'the writes had their effect')
}

const path = '/api/v1/namespaces/default/configmaps?watch=1&resourceVersion='

test('a watcher that stops reading is closed under load, without an ERROR, and counted; one that reads is not', async () => {
  const server = await startServer()
  const reader = await WatchClient.open(server.url, `${path}${server.version}`)
  const sleeper = await WatchClient.open(server.url, `${path}${server.version}`)
  sleeper.pause()
  let written = 0
  await writeUntil(
    (i) => {
      server.create('configmaps', bulk(i))
      written++
    },
    () => server.stats().closures > 0,
  )
  expect(server.stats().closures).toBe(1)
  await reader.count(written)
  expect(reader.isOver).toBe(false)
  expect(server.stats().watchers).toBe(1)
  sleeper.resume()
  await sleeper.over()
  expect(sleeper.endedCleanly).toBe(true)
  expect(new Set(sleeper.types)).toEqual(new Set(['ADDED']))
  expect(sleeper.events.length).toBeLessThan(written)
  expect(sleeper.leftover).toBe('')
  // What it was sent has no gap, and it can go on from there.
  const versions = sleeper.events.map(({ object }) => Number(object.metadata.resourceVersion))
  expect(versions.at(-1)).toBe((versions[0] as number) + versions.length - 1)
})

test('off: it stays open, and gets everything once it reads', async () => {
  const server = await startServer({ closesSlowWatchers: false })
  const sleeper = await WatchClient.open(server.url, `${path}${server.version}`)
  sleeper.pause()
  const count = 3_000
  for (let i = 0; i < count; i++)
    server.create('configmaps', { metadata: bulk(i)['metadata'], data: { i: 'x' } })
  expect(server.stats()).toMatchObject({ closures: 0, watchers: 1 })
  sleeper.resume()
  await sleeper.count(count)
  expect(sleeper.isOver).toBe(false)
})

test('the channel decides: with a larger one the same pause is forgiven', async () => {
  const server = await startServer({ channelEventsMax: 1_000_000 })
  const sleeper = await WatchClient.open(server.url, `${path}${server.version}`)
  sleeper.pause()
  for (let i = 0; i < 1_500; i++) {
    server.create('configmaps', bulk(i))
    if (i % 50 === 49) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(server.stats().closures).toBe(0)
  sleeper.resume()
  await sleeper.count(1_500)
})

test('a burst alone closes nobody: who reads catches up', async () => {
  const server = await startServer()
  const reader = await WatchClient.open(server.url, `${path}${server.version}`)
  for (let i = 0; i < 4_000; i++) {
    server.create('configmaps', {
      metadata: { name: `burst-${i}`, namespace: 'default' },
      data: { i: 'x'.repeat(2_000) },
    })
  }
  await reader.count(4_000)
  expect(server.stats().closures).toBe(0)
})

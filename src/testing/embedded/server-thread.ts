import { parentPort, workerData } from 'node:worker_threads'
import {
  type StartOptions,
  startFilled,
  type ThreadAnswer,
  type ThreadRequest,
} from './start-embedded-server.ts'

const port = parentPort
if (port === null) throw new Error('runs as a worker thread only')

const server = await startFilled(workerData as StartOptions)
const answer = (message: ThreadAnswer): void => port.postMessage(message)

port.on('message', ({ id, name, body }: ThreadRequest) => {
  const done = name === 'close' ? server.close() : server.control(name, body)
  done.then(
    (result) => answer({ kind: 'done', id, result }),
    (error: unknown) =>
      answer({ kind: 'failed', id, message: error instanceof Error ? error.message : String(error) }),
  )
})
answer({ kind: 'started', url: server.url })

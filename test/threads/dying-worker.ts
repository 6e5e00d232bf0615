import type { MessagePort } from 'node:worker_threads'
import type { FromWatch, WatchSpec } from '../../src/protocol/messages.ts'
import watchWorker from '../../workers/watch-worker.ts'
import { type DeathPlan, deathCount, isListed, readPlan, writeLog } from './death-plan.ts'

/** Batches after which a thread dies while watching. */
const batchCount = 3

/** The real worker in a thread that dies for real, as the plan says. */
export default async function dyingWorker(task: { spec: WatchSpec; port: MessagePort }): Promise<void> {
  const plan = readPlan()
  const { path } = task.spec
  writeLog(plan, 'start', path)
  const isKiller = path.includes(plan.path) && deathCount(plan) < plan.count
  if (isKiller && plan.when === 'unstarted') await die(plan, path)
  if (isKiller) watchPosts(task.port, plan, path)
  await watchWorker(task)
}

/** Sees what the watch sends, and ends the thread in the middle of it. */
function watchPosts(port: MessagePort, plan: DeathPlan, path: string): void {
  const post = port.postMessage.bind(port)
  let isWatching = false
  let batches = 0
  let isDying = false
  port.postMessage = (message: FromWatch, transfer?: readonly ArrayBuffer[]) => {
    if (message.type === 'state' && message.state === 'watching') {
      isWatching = true
      batches = 0
    }
    if (message.type === 'batch') batches++
    const isDue =
      message.type === 'batch' &&
      !isDying &&
      (plan.when === 'listing' ? !isWatching : isWatching && batches >= batchCount && isListed(plan))
    if (isDue) isDying = true
    if (isDue && plan.when === 'unsent') void die(plan, path)
    post(message, transfer as ArrayBuffer[])
    if (isDue && plan.when !== 'unsent') void die(plan, path)
  }
}

/** Never returns to what called it, save for `throw`: that ends the thread before its next task. */
async function die(plan: DeathPlan, path: string): Promise<void> {
  writeLog(plan, 'death', path)
  if (plan.how === 'exit') process.exit(1)
  if (plan.how === 'out-of-memory') {
    const hog: unknown[] = []
    for (;;) hog.push(new Array(10_000).fill(hog.length))
  }
  process.nextTick(() => {
    throw new Error('thrown where nothing catches')
  })
  // What is sent after this moment is sent by a thread about to die; what called must not go on for ever.
  await new Promise(() => {})
}

import { expect, test } from 'vitest'
import { createCredentialsBroker } from '../../src/config/connection-config.ts'
import { until } from '../support/until.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'
import { fakeEnvironment, fakeRuntime, kubeconfig } from './support.ts'

test('written in place it is taken when it rests: no half of it, however valid that is', async () => {
  // As kubectl writes it: users last.
  const textOf = (token: string): string => {
    const [head, users, contexts] = kubeconfig({ user: `token: ${token}\n    as: jane` }).split(
      /^(?=users:|contexts:)/m,
    ) as [string, string, string]
    return head + contexts + users
  }
  for (const cut of ['users:', '    as:']) {
    const whole = textOf('new')
    const looks = [textOf('old'), whole.slice(0, whole.indexOf(cut)), whole, whole]
    const broker = createCredentialsBroker({ file: '/kc' }, fakeRuntime(), {
      ...fakeEnvironment(),
      readText: async () => looks.shift() as string,
    })
    await broker.material()
    expect((await broker.refresh()).headers).toMatchObject({
      authorization: 'Bearer new',
      'impersonate-user': ['jane'],
    })
    expect(looks).toEqual([])
  }
})

test('the end comes while a changed file is to rest', async () => {
  const environment = fakeEnvironment({ '/kc': kubeconfig({ user: 'token: old' }) })
  const runtime = new VirtualRuntime()
  const broker = createCredentialsBroker({ file: '/kc' }, runtime, environment)
  await broker.material()
  environment.files.set('/kc', kubeconfig({ user: 'token: new' }))
  const asked = broker.refresh().catch((error: unknown) => error)
  await until(() => runtime.timerCount > 0, 'it waits')
  await broker.close()
  expect(await asked).toMatchObject({ code: 'ERR_CLOSED' })
  expect(runtime.timerCount).toBe(0)
})

test('a file that never rests is not taken', async () => {
  let count = 0
  const broker = createCredentialsBroker({ file: '/kc' }, fakeRuntime(), {
    ...fakeEnvironment(),
    readText: async () => kubeconfig({ user: `token: t${count++}` }),
  })
  const first = await broker.material()
  await expect(broker.refresh()).rejects.toMatchObject({
    code: 'ERR_KUBECONFIG',
    message: 'the kubeconfig /kc changes all the time',
  })
  expect(await broker.material()).toBe(first)
})

import { createServer } from 'node:http'
import { afterAll, describe, expect, test } from 'vitest'
import { createCredentialsBroker } from '../../src/config/connection-config.ts'
import { createInformerFactory } from '../../src/index.ts'
import { until } from '../support/until.ts'
import { endAll, ends, listen } from '../workers/connection-support.ts'
import { fakeEnvironment, fakeRuntime, kubeconfig } from './support.ts'

afterAll(endAll)

const impersonate = {
  user: 'Jürgen',
  groups: ['a', 'b,c', 'system:masters'],
  uid: '17',
  extra: { scopes: ['view'], Scopes: ['edit'], 'example.com/a b': ['x'] },
}

test.each([{ threads: 1 }, { threads: 0 }])(
  'every group and every extra is a header of its own on the wire, threads: $threads',
  async ({ threads }) => {
    const seen: string[][] = []
    const server = await listen(
      createServer((request, response) => {
        seen.push(request.rawHeaders)
        response.writeHead(403).end()
      }),
    )
    const factory = createInformerFactory({ kubeConfig: { server: server.url, impersonate }, threads })
    ends.push(() => factory.close())
    factory.core.v1.pods.informer
    factory.start()
    const raw = await until(() => seen[0], 'a request came')
    const lines: string[] = []
    for (let index = 0; index < raw.length; index += 2) {
      const name = (raw[index] as string).toLowerCase()
      const value = Buffer.from(raw[index + 1] as string, 'latin1').toString('utf8')
      if (name.startsWith('impersonate-')) lines.push(`${name}: ${value}`)
    }
    expect(lines).toEqual([
      'impersonate-user: Jürgen',
      'impersonate-group: a',
      'impersonate-group: b,c',
      'impersonate-group: system:masters',
      'impersonate-uid: 17',
      'impersonate-extra-scopes: view',
      'impersonate-extra-scopes: edit',
      'impersonate-extra-example.com%2fa%20b: x',
    ])
  },
)

describe('kubeconfig', () => {
  const headersOf = async (user: string) => {
    const environment = fakeEnvironment({ '/kc': kubeconfig({ user }) })
    const { headers } = await createCredentialsBroker({ file: '/kc' }, fakeRuntime(), environment).material()
    return Object.entries(headers).filter(([name]) => /^impersonate/i.test(name))
  }

  test('as, as-groups, as-uid, as-user-extra', async () => {
    expect(
      await headersOf(
        'token: x\n    as: me\n    as-groups: [a, b]\n    as-uid: "1"\n    as-user-extra: {k: [v]}',
      ),
    ).toEqual([
      ['impersonate-user', ['me']],
      ['impersonate-group', ['a', 'b']],
      ['impersonate-uid', ['1']],
      ['impersonate-extra-k', ['v']],
    ])
  })

  test('groups without a user, and groups that are no list, are refused', async () => {
    await expect(headersOf('as-groups: [a]')).rejects.toThrow(/as of its user must be the name of a user/)
    await expect(headersOf('as: me\n    as-groups: a')).rejects.toThrow(
      /as-groups of its user must be a list/,
    )
  })
})

test.each<[string, unknown, RegExp]>([
  ['no object', 'me', /kubeConfig.impersonate: .*must be an object with any of user, groups, uid, extra/],
  ['another name', { user: 'me', group: ['a'] }, /kubeConfig.impersonate.group is refused: no such option/],
  ['no user', { groups: ['a'] }, /kubeConfig.impersonate.user must be the name of a user/],
  ['a text for groups', { user: 'me', groups: 'a' }, /impersonate.groups must be a list of strings/],
  ['a number for uid', { user: 'me', uid: 1 }, /impersonate.uid must be a string/],
  ['texts in extra', { user: 'me', extra: { a: 'b' } }, /impersonate.extra must be a list of strings/],
  ['a line break', { user: 'me\r\nx: y' }, /impersonate.user holds a control character/],
])('%s is refused at construction', (_name, given, message) => {
  const config = { server: 'https://api', impersonate: given as typeof impersonate }
  expect(() => createInformerFactory({ kubeConfig: config })).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.stringMatching(message) }),
  )
})

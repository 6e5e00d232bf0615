import type { Runtime } from '../../src/base/runtime.ts'
import type { Environment } from '../../src/config/environment.ts'
import { restMs } from '../../src/config/resting-texts.ts'

/** Files and variables in memory; `reads` counts, so that a test sees what was cached. */
export interface FakeEnvironment extends Environment {
  readonly files: Map<string, string>
  readonly reads: string[]
}

export function fakeEnvironment(
  files: Record<string, string> = {},
  variables: Record<string, string> = {},
): FakeEnvironment {
  const map = new Map(Object.entries(files))
  const reads: string[] = []
  return {
    files: map,
    reads,
    variables,
    homeDirectory: () => '/home/me',
    async readText(path) {
      reads.push(path)
      const text = map.get(path)
      if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' })
      return text
    },
  }
}

/** A clock the test moves; only the time between two looks at a changed kubeconfig passes by itself. */
export function fakeRuntime(): Runtime & { now: number } {
  return {
    now: 1_000_000,
    nowMs() {
      return this.now
    },
    random: () => 0,
    setTimer(ms, fn) {
      if (ms === restMs) {
        this.now += ms
        setImmediate(fn)
      }
      return { cancel() {} }
    },
    defer: () => ({ cancel() {} }),
  }
}

export const secret = 'S3CR3T-t0ken-never-in-errors'

export function kubeconfig(options: {
  readonly server?: string
  readonly name?: string
  readonly user?: string
  readonly cluster?: string
  readonly current?: string
}): string {
  const name = options.name ?? 'one'
  return `apiVersion: v1
kind: Config
current-context: ${options.current ?? name}
clusters:
- name: ${name}-cluster
  cluster:
    server: ${options.server ?? 'https://10.0.0.1:6443/'}
${options.cluster ?? ''}
users:
- name: ${name}-user
  user:
    ${options.user ?? `token: ${secret}`}
contexts:
- name: ${name}
  context: {cluster: ${name}-cluster, user: ${name}-user, namespace: web}
`
}

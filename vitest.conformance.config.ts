import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/conformance/**/*.test.ts'],
    globalSetup: ['test/conformance/setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    pool: 'forks',
    // V8's book of code pages misses one now and then where many threads start ("Check failed: jit_page.has_value()",
    // nodejs/node#64500): the process aborts, and with it a file of tests.
    execArgv: ['--no-memory-protection-keys'],
    // One cluster at a time: two API servers and etcd already fill two cores while they start.
    fileParallelism: false,
  },
})

export default config

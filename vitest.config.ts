import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/conformance/**', 'test/package/**', 'test/soak/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Forks, not threads: the engine's own worker threads, its exit and its memory are under test.
    pool: 'forks',
    // V8's book of code pages misses one now and then where many threads start ("Check failed: jit_page.has_value()",
    // nodejs/node#64500): the process aborts, and with it a file of tests.
    execArgv: ['--no-memory-protection-keys'],
    maxWorkers: 2,
  },
})

export default config

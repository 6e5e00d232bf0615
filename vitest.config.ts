import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/conformance/**', 'test/soak/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Forks, not threads: the engine's own worker threads, its exit and its memory are under test.
    pool: 'forks',
    maxWorkers: 2,
  },
})

export default config

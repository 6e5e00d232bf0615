import { afterAll, beforeAll, describe, inject } from 'vitest'
import { RealApiServer, type RealApiServerOptions } from '../../support/real-apiserver.ts'

/**
 * A suite with its own real cluster, which is there from the first hook of `define` on.
 * Skipped only when the global setup allowed that (no Go, ALLOW_SKIP=1).
 */
export function describeCluster(
  name: string,
  options: RealApiServerOptions,
  define: (cluster: () => RealApiServer) => void,
): void {
  const binaryDir = inject('binaryDir')
  describe.skipIf(binaryDir === undefined)(name, () => {
    let server: RealApiServer | undefined
    beforeAll(async () => {
      server = await RealApiServer.start(binaryDir as string, options)
    })
    afterAll(async () => {
      await server?.close()
    })
    define(() => {
      if (server === undefined) throw new Error('the cluster is there only inside hooks and tests')
      return server
    })
  })
}

import { existsSync } from 'node:fs'
import { invalidOption } from '../errors.ts'

/**
 * The one place that knows where the worker's code is: `given`, else `.ts` from the sources, `.js` from `dist`, whichever
 * this file itself was loaded as. A file that is not there would be looked for by one thread after the other, for ever.
 *
 * @throws ERR_INVALID_OPTION when the file does not exist: bundlers move files
 */
export function workerUrlOf(given: URL | undefined, metaUrl: string | undefined = import.meta.url): URL {
  const url = given ?? besideThisFile(metaUrl)
  if (url === undefined || (url.protocol === 'file:' && !existsSync(url))) {
    throw invalidOption(
      'workerUrl',
      url?.href,
      `no such file; a bundled program must bundle 'kube-informer/worker' and name the result (docs/bundling.md)`,
    )
  }
  return url
}

function besideThisFile(metaUrl: string | undefined): URL | undefined {
  // Where a bundler writes CommonJS.
  if (!metaUrl) return undefined
  return new URL(`../../workers/watch-worker${metaUrl.endsWith('.ts') ? '.ts' : '.js'}`, metaUrl)
}

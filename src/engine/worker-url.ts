/**
 * The one place that knows where the worker's code is: `.ts` from the sources, `.js` from `dist`, whichever this
 * file itself was loaded as. Bundlers move files: they pass `workerUrl` instead.
 */
const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'

export const workerUrl: URL = new URL(`../../workers/watch-worker${extension}`, import.meta.url)

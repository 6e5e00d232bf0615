// Loaded before the engine's process (`--import`): its sources are taken as `npm run build` compiles them, so that the
// same script measures what is published.
import { registerHooks } from 'node:module'

const root = new URL('../../', import.meta.url).href

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    const path = found.url.startsWith(root) ? found.url.slice(root.length) : ''
    if (!/^(src|workers)\/.*\.ts$/.test(path)) return found
    const url = new URL(`.cache/peers-dist/${path.slice(0, -'ts'.length)}js`, root).href
    return { ...found, url, format: 'module' }
  },
})

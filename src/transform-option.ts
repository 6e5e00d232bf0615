import { existsSync } from 'node:fs'
import { invalidOption, wrongType } from './errors.ts'

/** A function that every object goes through in the worker, before its fields are selected. */
export interface TransformOptions {
  /**
   * URL of a module (`new URL('./strip.js', import.meta.url)`) whose default export is called with each object and
   * returns it, changed or made anew: `(object) => object`. It runs in the worker thread, once per object of a list and
   * per event, deletes included; it must be synchronous, and name, namespace, uid and resourceVersion may not change. An
   * object for which it throws or returns something else is refused: its last good state stays, `health().refused` names
   * it (`ERR_TRANSFORM`), the stream goes on. A module that cannot be loaded is tried again (`ERR_TRANSFORM_LOAD`).
   * Costs a JSON.parse and a JSON.stringify per object: to leave fields out, `dropFields` is cheaper. `false`: none.
   *
   * @default the factory's; of a factory: none
   */
  readonly transform?: string | URL | false
}

/** @throws ERR_INVALID_OPTION for what names no module; a file that does not exist names none */
export function checkTransform(transform: unknown): void {
  if (transform === undefined || transform === false) return
  const needs = "must be a URL of a module, such as new URL('./strip.js', import.meta.url)"
  if (typeof transform !== 'string' && !(transform instanceof URL))
    throw wrongType('transform', transform, needs)
  // A path would be looked for beside the worker's code.
  if (!URL.canParse(String(transform))) throw wrongType('transform', transform, needs)
  const url = new URL(transform)
  if (url.protocol !== 'file:' && url.protocol !== 'data:') throw invalidOption('transform', url.href, needs)
  if (url.protocol === 'file:' && !existsSync(url)) throw invalidOption('transform', url.href, 'no such file')
}

/** What stands in a watch's spec, of the first who says something. */
export function transformOf(
  own: TransformOptions,
  defaults: TransformOptions,
): { readonly transform?: string } {
  const transform = own.transform ?? defaults.transform ?? false
  return transform === false ? {} : { transform: new URL(transform).href }
}

import { randomUUID } from 'node:crypto'
import type { Runtime } from '../../base/runtime.ts'
import { definitionOf } from './definition.ts'
import { type ApiObject, isRecord, type JsonRecord, type ObjectMetadata } from './json-object.ts'
import { mergePatch } from './merge-patch.ts'
import { begin, beginEnd, isDefinitions, isHeld } from './object-lifecycle.ts'
import type { ServedResource } from './served-resource.ts'
import { ApiFailure, failures } from './status.ts'
import { editStored, keyOf, parseStored, type StoredObject, storeObject } from './stored-object.ts'

export interface DeleteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
}

export interface WriteOptions {
  /** Only the status is taken from what is sent. */
  readonly isStatus?: boolean
}

/** Create, update, patch and delete by the rules of a real server. Throws {@link ApiFailure}. */
export class ObjectWriter {
  readonly #served: ServedResource
  readonly #runtime: Runtime

  constructor(served: ServedResource, runtime: Runtime) {
    this.#served = served
    this.#runtime = runtime
  }

  get(namespace: string, name: string): StoredObject {
    const stored = this.#served.store.get(keyOf(namespace, name))
    if (stored === undefined) throw failures.notFound(this.#served.type, name)
    return stored
  }

  create(namespace: string, sent: unknown): StoredObject {
    const object = this.#accept(namespace, sent)
    const { metadata } = object
    if (!metadata.name && metadata.generateName) metadata.name = metadata.generateName + this.#suffix()
    if (typeof metadata.name !== 'string' || metadata.name === '') {
      throw this.#invalid('', 'metadata.name: Required value: name or generateName is required')
    }
    if (metadata.resourceVersion) {
      throw failures.badRequest('resourceVersion should not be set on objects to be created')
    }
    if (this.#served.store.get(keyOf(namespace, metadata.name)) !== undefined) {
      throw failures.alreadyExists(this.#served.type, metadata.name)
    }
    metadata.uid = randomUUID()
    metadata.creationTimestamp = this.#now()
    metadata.generation = 1
    delete metadata.deletionTimestamp
    const whole = begin(this.#served.type, object)
    return this.#served.change('ADDED', (version) => storeObject(whole, version))
  }

  update(namespace: string, name: string, sent: unknown, options: WriteOptions = {}): StoredObject {
    const object = this.#accept(namespace, sent)
    if (object.metadata.name !== name) {
      throw failures.badRequest(
        `the name of the object (${object.metadata.name}) does not match the name on the URL (${name})`,
      )
    }
    return this.#replace(this.get(namespace, name), object, options)
  }

  patch(namespace: string, name: string, patch: unknown, options: WriteOptions = {}): StoredObject {
    if (!isRecord(patch)) throw failures.badRequest('the patch is not a JSON object')
    const was = this.get(namespace, name)
    const object = this.#accept(namespace, mergePatch(parseStored(was), patch))
    // The version in the patch, if there is one, is the caller's condition; else the patch goes on what is there.
    return this.#replace(was, object, options)
  }

  /** The last state, with the deletion's version; or the object waiting for its finalizers. */
  delete(namespace: string, name: string, options: DeleteOptions = {}): StoredObject {
    const was = this.get(namespace, name)
    const { uid, resourceVersion } = options.preconditions ?? {}
    if (uid !== undefined && uid !== was.uid) {
      throw failures.conflict(
        this.#served.type,
        name,
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${was.uid}`,
      )
    }
    if (resourceVersion !== undefined && resourceVersion !== String(was.version)) {
      throw failures.conflict(
        this.#served.type,
        name,
        `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${was.version}`,
      )
    }
    const object = parseStored(was)
    if (object.metadata.deletionTimestamp !== undefined) return was
    const ending = beginEnd(this.#served.type, object, this.#now())
    if (isHeld(this.#served.type, ending)) {
      return this.#served.change('MODIFIED', (version) => storeObject(ending, version))
    }
    return this.#served.change('DELETED', (version) => editStored(was, version))
  }

  #replace(was: StoredObject, sent: ApiObject, { isStatus = false }: WriteOptions): StoredObject {
    const { type } = this.#served
    const old = parseStored(was)
    const sentVersion = sent.metadata.resourceVersion
    if (sentVersion && sentVersion !== String(was.version)) {
      throw failures.conflict(
        type,
        was.name,
        'the object has been modified; please apply your changes to the latest version and try again',
      )
    }
    if (sent.metadata.uid && sent.metadata.uid !== was.uid) {
      throw failures.conflict(
        type,
        was.name,
        `Precondition failed: UID in precondition: ${sent.metadata.uid}, UID in object meta: ${was.uid}`,
      )
    }
    const object: ApiObject = isStatus
      ? { ...old, status: sent['status'] }
      : { ...sent, metadata: { ...sent.metadata } }
    const { metadata } = object
    // What the server owns stays as it was, whatever was sent.
    metadata.uid = was.uid
    metadata.creationTimestamp = old.metadata.creationTimestamp ?? null
    if (old.metadata.generation !== undefined) metadata.generation = old.metadata.generation
    if (old.metadata.deletionTimestamp !== undefined) {
      metadata.deletionTimestamp = old.metadata.deletionTimestamp
    } else delete metadata.deletionTimestamp
    if (JSON.stringify(object['spec']) !== JSON.stringify(old['spec'])) {
      metadata.generation = (old.metadata.generation ?? 0) + 1
    }
    // A write that changes nothing is none: no version, no event.
    const same = storeObject(object, was.version)
    if (same.body.equals(was.body)) return was
    if (metadata.deletionTimestamp !== undefined && !isHeld(type, object)) {
      return this.#served.change('DELETED', (version) => storeObject(object, version))
    }
    return this.#served.change('MODIFIED', (version) => storeObject(object, version))
  }

  /** Checks that what was sent is an object of this resource and namespace; the result is the server's own. */
  #accept(namespace: string, sent: unknown): ApiObject {
    const { type, apiVersion } = this.#served
    if (!isRecord(sent)) throw failures.badRequest('the body is not a JSON object')
    if (sent['kind'] !== undefined && sent['kind'] !== type.kind) {
      throw failures.badRequest(
        `${String(sent['kind'])} in version ${JSON.stringify(String(sent['apiVersion']))} cannot be handled as a ${type.kind}`,
      )
    }
    if (sent['apiVersion'] !== undefined && sent['apiVersion'] !== apiVersion) {
      throw failures.badRequest(
        `the API version in the data (${String(sent['apiVersion'])}) does not match the expected API version (${apiVersion})`,
      )
    }
    const metadata = (isRecord(sent['metadata']) ? { ...sent['metadata'] } : {}) as JsonRecord &
      ObjectMetadata
    if (metadata.namespace !== undefined && metadata.namespace !== namespace) {
      throw failures.badRequest(
        'the namespace of the provided object does not match the namespace sent on the request',
      )
    }
    if (type.namespaced) metadata.namespace = namespace
    if (isDefinitions(type)) definitionOf(sent)
    for (const [label, value] of Object.entries(metadata.labels ?? {})) {
      if (typeof value === 'string') continue
      throw failures.badRequest(`metadata.labels.${label}: a label's value is a string`)
    }
    return { ...sent, metadata }
  }

  #invalid(name: string, message: string): ApiFailure {
    return new ApiFailure(
      422,
      'Invalid',
      `${this.#served.type.kind} ${JSON.stringify(name)} is invalid: ${message}`,
    )
  }

  #now(): string {
    return new Date(this.#runtime.nowMs()).toISOString().replace(/\.\d+Z$/, 'Z')
  }

  #suffix(): string {
    return Math.floor(this.#runtime.random() * 36 ** 5)
      .toString(36)
      .padStart(5, '0')
  }
}

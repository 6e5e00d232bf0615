import { checkNames, checkType, checkWhole, timerMsMax, type WholeRange } from './base/check-options.ts'
import type { ConnectionConfig } from './config/connection-config.ts'
import type { EngineOptions } from './engine/engine.ts'
import { checkEngineOptions, engineOptionNames } from './engine-options.ts'
import { invalidOption, printed, wrongType } from './errors.ts'
import { InformerEngine } from './informer-engine.ts'
import type { HandlerErrorContext } from './notify/handler-error.ts'
import { checkObserveOptions, type ObserveOptions, observeOptionNames } from './observe/options.ts'
import { planFields } from './protocol/field-plan.ts'
import type { Compression, FieldSelection, ReflectorTiming, WatchBounds } from './protocol/messages.ts'
import { checkTiming } from './reflector/timing.ts'
import type { NamedResource } from './resources/names.ts'
import { checkTransform, type TransformOptions } from './transform-option.ts'

/** Bounds of one informer's way through the engine, in bytes. */
export interface BoundsOptions {
  /** Largest single object; larger ones are skipped and named in `health().refused`. @default 16 MiB */
  readonly frameBytesMax?: number
  /** What the worker may hold for main; at the bound the socket is not read. @default 64 MiB */
  readonly queueBytesMax?: number
  /** What may be on its way to main, or wait there. @default 8 MiB */
  readonly inFlightBytesMax?: number
}

/** Which fields of the objects are cached; the rest costs nothing but being skipped in the worker. */
export interface FieldOptions {
  /** Dotted paths left out of the cache. Excludes `keepFields`. @default ['metadata.managedFields'] */
  readonly dropFields?: readonly string[]
  /** Dotted paths kept; identity and labels always are. Excludes `dropFields`. */
  readonly keepFields?: readonly string[]
}

/** What may differ from resource to resource. */
export interface ResourceOptions extends FieldOptions, TransformOptions {
  /** Default of every listener of this informer; 0 is never. @default the factory's */
  readonly resyncPeriodMs?: number
}

/** Options of {@link createInformerFactory}, validated there; an unknown one is refused. */
export interface InformerFactoryOptions
  extends EngineOptions,
    BoundsOptions,
    FieldOptions,
    TransformOptions,
    ObserveOptions {
  /**
   * An engine shared with other factories (`createEngine`), which then says what {@link EngineOptions} say: none of them
   * may stand beside it. @default one of the factory's own
   */
  readonly engine?: InformerEngine
  /**
   * How to reach the cluster: an explicit server, `'in-cluster'`, a kubeconfig file, or client-node's KubeConfig.
   * @default as kubectl does: $KUBECONFIG, ~/.kube/config, else the pod's service account
   */
  readonly kubeConfig?: ConnectionConfig
  /** Only this namespace. @default all */
  readonly namespace?: string
  /** Default of every listener; 0 is never. @default 0 */
  readonly resyncPeriodMs?: number
  /** How long `close()` waits for handler calls in progress. @default 5,000 */
  readonly drainMs?: number
  /**
   * Of which answers the server may send gzip: `'none'`, where processors are scarcer than the network; `'lists'`, in pages
   * or streamed; `'all'`, watches that resume, too: no server compresses these, and a proxy may keep events back.
   * @default 'lists'
   */
  readonly compression?: Compression
  /** Timing of lists, watches and retries, whole numbers from 1; the defaults are client-go's. */
  readonly timing?: Partial<ReflectorTiming>
  /**
   * A handler threw or rejected, or a function of an index threw; called for every one.
   * @default a process warning with code KUBE_INFORMER_HANDLER_ERROR, at most one a minute per registration and handler;
   * none where there is a `logger`
   */
  readonly onHandlerError?: (error: unknown, context: HandlerErrorContext) => void
}

const MiB = 1024 * 1024

export function boundsOf(options: BoundsOptions): WatchBounds {
  return {
    frameBytesMax: options.frameBytesMax ?? 16 * MiB,
    queueBytesMax: options.queueBytesMax ?? 64 * MiB,
    inFlightBytesMax: options.inFlightBytesMax ?? 8 * MiB,
  }
}

/** Option → [smallest, largest] allowed; whole numbers all. */
const ranges = {
  frameBytesMax: [64 * 1024, 1024 * MiB],
  queueBytesMax: [64 * 1024, Number.MAX_SAFE_INTEGER],
  inFlightBytesMax: [64 * 1024, Number.MAX_SAFE_INTEGER],
  resyncPeriodMs: [0, timerMsMax],
  drainMs: [0, timerMsMax],
} satisfies Partial<Record<keyof InformerFactoryOptions, WholeRange>>

const otherOptions: readonly (keyof InformerFactoryOptions)[] = [
  'kubeConfig',
  'namespace',
  'timing',
  'onHandlerError',
  'dropFields',
  'keepFields',
  'transform',
  'engine',
  'compression',
  ...observeOptionNames,
]

const compressions: readonly Compression[] = ['none', 'lists', 'all']

/** All but `kubeConfig`, which config/ looks at. @throws ERR_INVALID_OPTION naming option and what is allowed */
export function validateFactoryOptions(options: InformerFactoryOptions): void {
  checkNames('', options, [...engineOptionNames, ...Object.keys(ranges), ...otherOptions])
  const { namespace, timing, onHandlerError, compression } = options
  checkEngine(options)
  for (const [name, range] of Object.entries(ranges)) checkWhole(name, Reflect.get(options, name), range)
  checkPathPart('namespace', namespace)
  checkObserveOptions(options)
  checkType('onHandlerError', onHandlerError, 'function')
  if (compression !== undefined && !compressions.includes(compression)) {
    throw invalidOption('compression', compression, `must be one of ${compressions.join(', ')}`)
  }
  if (timing !== undefined) checkTiming(timing)
  checkTransform(options.transform)
  fieldsOf(options, {})
}

function checkEngine({ engine, ...options }: InformerFactoryOptions): void {
  checkEngineOptions(options)
  if (engine === undefined) return
  if (!InformerEngine.is(engine)) throw wrongType('engine', engine, 'must be one that createEngine() made')
  const own = engineOptionNames.find((name) => options[name] !== undefined)
  if (own === undefined) return
  throw invalidOption(own, options[own], 'it is for createEngine() to say where an engine is handed in')
}

/** @throws ERR_INVALID_OPTION */
export function checkResourceOptions({ resyncPeriodMs, transform }: ResourceOptions): void {
  checkWhole('resyncPeriodMs', resyncPeriodMs, ranges.resyncPeriodMs)
  checkTransform(transform)
}

/** @throws ERR_INVALID_OPTION; selectors and fields are looked at where they are parsed */
export function validateSelectOptions(options: object): void {
  checkNames('', options, [
    'namespace',
    'labelSelector',
    'fieldSelector',
    'dropFields',
    'keepFields',
    'resyncPeriodMs',
    'transform',
    'metadataOnly',
    'private',
  ])
  checkResourceOptions(options)
  checkType('metadataOnly', Reflect.get(options, 'metadataOnly'), 'boolean')
  checkType('private', Reflect.get(options, 'private'), 'boolean')
  checkPathPart('namespace', Reflect.get(options, 'namespace'))
  checkType('fieldSelector', Reflect.get(options, 'fieldSelector'), 'string')
}

/** @throws ERR_INVALID_OPTION */
export function validateResource(type: Partial<NamedResource>): void {
  if (!type?.version || !type.resource) {
    throw invalidOption('resource', printed(type), 'needs { group?, version, resource }')
  }
  for (const name of ['group', 'version', 'resource'] as const) checkPathPart(name, type[name])
}

/** Anything else would ask for another path than the one it names: `..`, `pods?watch=1`. `''` stands for none. */
function checkPathPart(name: string, value: unknown): void {
  checkType(name, value, 'string')
  if (value === undefined || value === '' || /^[a-z0-9][-\w.]*$/i.test(value as string)) return
  throw invalidOption(name, JSON.stringify(value), 'must be a name of letters, digits, "-" and "."')
}

const defaultDropFields: readonly string[] = ['metadata.managedFields']

/**
 * What is cached of each object: as `own` says, or else as `defaults` do.
 *
 * @throws ERR_INVALID_OPTION also for paths that do not parse
 */
export function fieldsOf(own: FieldOptions, defaults: FieldOptions): FieldSelection {
  const isOwn = own.dropFields !== undefined || own.keepFields !== undefined
  const { dropFields, keepFields } = isOwn ? own : defaults
  if (dropFields !== undefined && keepFields !== undefined) {
    throw invalidOption('keepFields', keepFields, 'cannot be combined with dropFields')
  }
  for (const [name, paths] of Object.entries({ dropFields, keepFields })) {
    if (paths === undefined) continue
    if (!Array.isArray(paths) || paths.some((path) => typeof path !== 'string')) {
      throw wrongType(name, paths, "must be an array of paths such as ['spec.nodeName']")
    }
  }
  const fields = keepFields === undefined ? { drop: dropFields ?? defaultDropFields } : { keep: keepFields }
  planFields(fields, [])
  return fields
}

/** What a Kubernetes `Status` of a failure says. */
export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  readonly kind?: string
  readonly uid?: string
  readonly causes?: readonly {
    readonly reason?: string
    readonly message?: string
    readonly field?: string
  }[]
  readonly retryAfterSeconds?: number
}

/** A refusal of the server, thrown by its rules and sent as a `Status` body or as the object of an ERROR event. */
export class ApiFailure extends Error {
  readonly status: number
  readonly reason: string
  readonly details: StatusDetails | undefined
  /** Fresh continue token of an expired list. */
  readonly continueToken: string | undefined
  readonly contentType: string = 'application/json'

  constructor(
    status: number,
    reason: string,
    message: string,
    details?: StatusDetails,
    continueToken?: string,
  ) {
    super(message)
    this.status = status
    this.reason = reason
    this.details = details
    this.continueToken = continueToken
  }

  body(): string {
    return JSON.stringify({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continueToken === undefined ? {} : { continue: this.continueToken },
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details !== undefined && { details: this.details }),
      code: this.status,
    })
  }
}

/** What a real server answers where it has no API: a line of text, no Status. */
class PageNotFound extends ApiFailure {
  override readonly contentType = 'text/plain; charset=utf-8'

  constructor() {
    super(404, 'NotFound', '404 page not found')
  }

  override body(): string {
    return `${this.message}\n`
  }
}

export function successBody(details: StatusDetails): string {
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details })
}

export const failures = {
  badRequest: (message: string): ApiFailure => new ApiFailure(400, 'BadRequest', message),
  unauthorized: (): ApiFailure => new ApiFailure(401, 'Unauthorized', 'Unauthorized'),
  forbidden: (message: string, details?: StatusDetails): ApiFailure =>
    new ApiFailure(403, 'Forbidden', message, details),
  /** In a group of built-in resources. */
  resourceNotFound: (): ApiFailure =>
    new ApiFailure(404, 'NotFound', 'the server could not find the requested resource', {}),
  /** Anywhere else. */
  pageNotFound: (): ApiFailure => new PageNotFound(),
  notFound: (type: { group: string; resource: string }, name: string): ApiFailure =>
    new ApiFailure(404, 'NotFound', `${qualified(type)} "${name}" not found`, detailsOf(type, name)),
  namespaceTerminating: (
    type: { group: string; resource: string },
    namespace: string,
    name: string,
  ): ApiFailure =>
    new ApiFailure(
      403,
      'Forbidden',
      `${qualified(type)} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
      {
        ...detailsOf(type, name),
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: `namespace ${namespace} is being terminated`,
            field: 'metadata.namespace',
          },
        ],
      },
    ),
  definitionTerminating: (type: { group: string; resource: string }, name: string): ApiFailure =>
    new ApiFailure(
      403,
      'Forbidden',
      `${qualified(type)} "${name}" is forbidden: create not allowed while custom resource definition is terminating`,
      detailsOf(type, name),
    ),
  methodNotAllowed: (): ApiFailure =>
    new ApiFailure(
      405,
      'MethodNotAllowed',
      'the server does not allow this method on the requested resource',
    ),
  alreadyExists: (type: { group: string; resource: string }, name: string): ApiFailure =>
    new ApiFailure(
      409,
      'AlreadyExists',
      `${qualified(type)} "${name}" already exists`,
      detailsOf(type, name),
    ),
  conflict: (type: { group: string; resource: string }, name: string, why: string): ApiFailure =>
    new ApiFailure(
      409,
      'Conflict',
      `Operation cannot be fulfilled on ${qualified(type)} "${name}": ${why}`,
      detailsOf(type, name),
    ),
  expired: (message: string, continueToken?: string): ApiFailure =>
    new ApiFailure(410, 'Expired', message, undefined, continueToken),
  unsupportedMediaType: (message: string): ApiFailure => new ApiFailure(415, 'UnsupportedMediaType', message),
  invalidField: (field: string, message: string): ApiFailure =>
    new ApiFailure(422, 'Invalid', `ListOptions.meta.k8s.io "" is invalid: ${field}: ${message}`, {
      group: 'meta.k8s.io',
      kind: 'ListOptions',
      causes: [{ reason: 'FieldValueForbidden', message, field }],
    }),
  versionTooLarge: (wanted: number, current: number): ApiFailure =>
    new ApiFailure(504, 'Timeout', `Too large resource version: ${wanted}, current: ${current}`, {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    }),
} as const

function qualified(type: { group: string; resource: string }): string {
  return type.group === '' ? type.resource : `${type.resource}.${type.group}`
}

function detailsOf(type: { group: string; resource: string }, name: string): StatusDetails {
  return { name, ...(type.group !== '' && { group: type.group }), kind: type.resource }
}

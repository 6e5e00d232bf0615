interface Thing {
  readonly apiVersion?: string
  readonly kind?: string
  metadata: Record<string, unknown> & { readonly labels?: Readonly<Record<string, string>> }
  data?: Record<string, unknown>
}

const unreadable = {
  get() {
    throw new Error('as asked')
  },
  has() {
    throw new Error('as asked')
  },
  getPrototypeOf() {
    throw new Error('as asked')
  },
}

/** Says what it was given, leaves a secret out, and misbehaves as a label asks for. */
export default function scripted(thing: Thing): unknown {
  const { metadata, data } = thing
  // As one that takes its fields for granted.
  if (data === undefined) throw new Error('no data')
  switch (metadata.labels?.['do']) {
    case 'throw':
      throw new Error('as asked')
    case 'bare':
      throw Object.create(null)
    case 'unprintable':
      throw {
        toString() {
          throw new Error('as asked')
        },
      }
    case 'proxy':
      throw new Proxy(new Error('as asked'), unreadable)
    case 'getter':
      throw Object.defineProperty(new Error('as asked'), 'message', unreadable)
    case 'late':
      return {
        ...thing,
        get data() {
          throw new Proxy({}, unreadable)
        },
      }
    case 'reject':
      return Promise.reject(new Error('as asked'))
    case 'nothing':
      return undefined
    case 'text':
      return 'text'
    case 'rename':
      metadata['name'] = 'another'
      return thing
    case 'age':
      return { ...thing, metadata: { ...metadata, resourceVersion: '1' } }
    case 'replace':
      return { ...thing, metadata: { ...metadata, uid: 'another' } }
    case 'substitute':
      return { ...thing, toJSON: () => ({ metadata: { ...metadata, name: 'evil', uid: 'evil' } }) }
    case 'disguise':
      return { ...thing, metadata: { ...metadata, toJSON: () => ({ ...metadata, name: 'evil' }) } }
    case 'waver':
      return { ...thing, metadata: Object.defineProperty({ ...metadata }, 'uid', wavering(metadata['uid'])) }
    case 'inherit':
      return { ...thing, metadata: Object.create(metadata) }
    case 'grow':
      return { ...thing, data: { text: 'x'.repeat(200_000) } }
    case 'number':
      return { ...thing, data: { large: 12n } }
    case 'nest':
      return { metadata, data: { made: nested(100) } }
    default: {
      const { secret, ...rest } = data ?? {}
      // Without its type: that is kept whatever a transform says.
      return {
        metadata,
        data: { ...rest, made: `${thing.apiVersion} ${thing.kind}`, length: String(secret).length },
      }
    }
  }
}

/** A member whose every answer but the first is another. */
function wavering(first: unknown): PropertyDescriptor {
  let reads = 0
  return { enumerable: true, get: () => (reads++ === 0 ? first : `evil-${reads}`) }
}

function nested(depth: number): unknown {
  return depth === 0 ? 'deep' : [nested(depth - 1)]
}

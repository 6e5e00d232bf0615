interface Thing {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> }
}

/** Leaves something behind that fails after it has returned. */
export default function stray(thing: Thing): Thing {
  switch (thing.metadata.labels?.['do']) {
    case 'reject':
      void Promise.reject(new Error('a late rejection'))
      break
    case 'reject-async':
      void (async () => {
        await undefined
        throw new Error('a late rejection')
      })()
      break
    case 'timer':
      setTimeout(() => {
        throw new Error('a late throw')
      })
      break
    case 'engine':
      // As a fault of the engine's own code: no frame of it is here.
      setTimeout(decodeURIComponent, 0, '%')
      break
    case 'engine-reject':
      void Promise.reject('without a stack')
      break
  }
  return thing
}

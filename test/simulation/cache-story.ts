import type { ObjectState, World } from './model-server.ts'

/** One change of the cache, as a listener may learn of it. */
export interface StoryStep {
  readonly kind: 'add' | 'update' | 'delete'
  readonly state: ObjectState
  readonly isFinalStateUnknown: boolean
}

/** What the cache did so far, for those who listen. */
export interface CacheStory {
  /** What the changes so far add up to. */
  readonly fold: ReadonlyMap<string, ObjectState>
  readonly stories: ReadonlyMap<string, readonly StoryStep[]>
  /** Complete lists applied. */
  readonly listsCompleted: number
}

/** One event that a worker took or refused. */
export interface Offer {
  readonly kind: 'upsert' | 'deleted'
  readonly state: ObjectState
  /** Not refused by its version: counts as seen. */
  readonly isTaken: boolean
  readonly readAt: number
}

/** What the contract knows of one batch on its way. */
export interface BatchFacts {
  /** Per key, everything that went into its row. */
  readonly offers: ReadonlyMap<string, readonly Offer[]>
}

/** A change that no watcher was told of. */
export interface Lost {
  readonly version: number
  readonly lostAt: number
  readonly world: World
  readonly generation: number | undefined
}

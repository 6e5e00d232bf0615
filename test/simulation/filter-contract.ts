import type { DeleteEvent, ObjectHandlers, UpdateEvent } from '../../src/notify/handlers.ts'
import { violate } from './contract-violation.ts'
import type { AnyEvent, Thing } from './listener-contract.ts'
import type { ObjectState } from './model-server.ts'
import type { Stages } from './stages.ts'

const isRed = (thing: Thing): boolean => thing.metadata.labels.color === 'red'

/** What a filtering handler tells its own one, held against what it was told itself. */
export class FilterContract {
  readonly #label: string
  readonly #handlers: ObjectHandlers<Thing>
  /** Key → uid. */
  readonly #inside = new Map<string, string>()

  constructor(stages: Stages, label: string) {
    this.#label = `${label}, filtered`
    this.#handlers = stages.filteringResourceEventHandler<Thing>({
      filter: isRed,
      handler: {
        onAdd: (event) => {
          if (this.#inside.has(event.key)) violate('filter', `${this.#label}: ${event.key} is added twice`)
          if (!isRed(event.object)) violate('filter', `${this.#label}: ${event.key} did not pass`)
          this.#inside.set(event.key, event.uid)
        },
        onUpdate: (event) => {
          this.#checkInside(event)
          if (!isRed(event.object)) violate('filter', `${this.#label}: ${event.key} did not pass`)
        },
        onDelete: (event) => {
          this.#checkInside(event)
          this.#inside.delete(event.key)
        },
      },
    })
  }

  take(event: AnyEvent): void {
    if (event.type === 'add') this.#handlers.onAdd?.(event)
    else if (event.type === 'update') this.#handlers.onUpdate?.(event as UpdateEvent<Thing>)
    else this.#handlers.onDelete?.(event as DeleteEvent<Thing>)
  }

  /** `told`: what the listener around it holds. */
  checkAtRest(told: ReadonlyMap<string, ObjectState>): void {
    const red = [...told].filter(([, { color }]) => color === 'red').map(([key]) => key)
    if (red.sort().join() !== [...this.#inside.keys()].sort().join()) {
      violate('filter', `${this.#label} holds ${[...this.#inside.keys()]}, not ${red}`)
    }
  }

  #checkInside(event: AnyEvent): void {
    if (this.#inside.get(event.key) !== event.uid) {
      violate('filter', `${this.#label}: ${event.type} of ${event.key} before its add`)
    }
  }
}

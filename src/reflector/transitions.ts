import { KubeInformerError } from '../errors.ts'
import { drain, list, stream } from './list-rows.ts'
import type { Inputs } from './requests.ts'
import { ignore, quiet, type Row, type Transition } from './rows.ts'
import type { EventName, ReflectorEvent, ReflectorState, StateName, Step } from './state.ts'
import {
  andThen,
  askPermit,
  backOff,
  failures,
  startList,
  startPlan,
  startProbe,
  startWatch,
  stay,
  step,
  tell,
} from './steps.ts'
import { raise } from './versions.ts'
import { probe, watch } from './watch-rows.ts'

/** Total: a state or event without an entry does not compile. */
export const transitions: { readonly [S in StateName]: Row } = {
  idle: {
    ...quiet,
    start: (state, { resumeVersion, knownVersion, probeFirst }, inputs) =>
      andThen(step({ ...state, knownVersion }, tell('connecting')), (next) =>
        resumeVersion === undefined
          ? askPermit(next)
          : (probeFirst === true ? startProbe : startWatch)(
              {
                ...next,
                version: resumeVersion,
                knownVersion: raise(next.knownVersion, resumeVersion),
                hasSynced: true,
              },
              inputs,
            ),
      ),
  },
  permit: { ...quiet, permit: startPermitted },
  stream,
  list,
  drain,
  watch,
  probe,
  backoff: {
    ...quiet,
    timer: (state, _event, inputs) => startPlan(state, inputs),
    relist: listNext,
  },
  credentials: {
    ...quiet,
    connection: (state, _event, inputs) =>
      andThen(step(state, { type: 'clearTimer' }), (next) => startPlan(next, inputs)),
    connectionFailed: (state, { error }, inputs) =>
      backOff({ ...state, didRefresh: false }, error, state.plan, inputs),
    timer: (state, _event, inputs) =>
      backOff(
        { ...state, didRefresh: false },
        new KubeInformerError('ERR_CREDENTIALS', 'fresh credentials did not come in time'),
        state.plan,
        inputs,
      ),
    relist: listNext,
  },
  stopped: { ...quiet, stop: ignore },
}

function startPermitted(state: ReflectorState, _event: unknown, inputs: Inputs): Step {
  return startList({ ...state, attempt: failures(state, inputs) }, inputs)
}

/** A list that is only paused is as new as one could wish. */
function listNext(state: ReflectorState): Step {
  return stay(state.plan === 'page' ? state : { ...state, plan: 'list' })
}

export function transition(state: ReflectorState, event: ReflectorEvent, inputs: Inputs): Step {
  // The table pairs each name with its own event type; TypeScript cannot see that through an index.
  const handle = transitions[state.name][event.type] as Transition<EventName>
  return handle(state, event, inputs)
}

import { absentResource } from './absent-resource.ts'
import { accessRevoked } from './access-revoked.ts'
import { customDefinition } from './custom-definition.ts'
import { everyResource } from './every-resource.ts'
import { featureSwitch } from './feature-switch.ts'
import { namespaceEnd } from './namespace-end.ts'
import { firstPageForgotten, pageExpired } from './page-expired.ts'
import { rollingRestart } from './rolling-restart.ts'
import { ScenarioBed } from './scenario-bed.ts'
import type { ScenarioCluster } from './scenario-cluster.ts'
import { tokenRotated } from './token-rotated.ts'
import { versionExpired } from './version-expired.ts'

type Scenario = (bed: ScenarioBed) => Promise<void>

/** What happens to real clusters, told once. Each has names of its own: on the real server they share one cluster. */
const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  'absent-resource': absentResource,
  'custom-definition': customDefinition,
  'every-resource': everyResource,
  'feature-switch': featureSwitch,
  'namespace-end': namespaceEnd,
}

/** On a cluster of their own, since they restart it or use up its names. */
const outages: Readonly<Record<OutageName, Scenario>> = {
  'access-revoked': accessRevoked,
  'rolling-restart': rollingRestart,
  'token-rotated': tokenRotated,
  'version-expired': versionExpired,
}

/** On a server that neither streams lists nor keeps old ones in its cache. */
const pagings: Readonly<Record<PagingName, Scenario>> = {
  'page-expired': pageExpired,
  'first-page-forgotten': firstPageForgotten,
}

export type ScenarioName =
  | 'absent-resource'
  | 'custom-definition'
  | 'every-resource'
  | 'feature-switch'
  | 'namespace-end'
export type OutageName = 'access-revoked' | 'rolling-restart' | 'token-rotated' | 'version-expired'
export type PagingName = 'first-page-forgotten' | 'page-expired'

export const scenarioNames: readonly ScenarioName[] = Object.keys(scenarios) as ScenarioName[]

export const outageNames: readonly OutageName[] = Object.keys(outages) as OutageName[]
export const pagingNames: readonly PagingName[] = Object.keys(pagings) as PagingName[]

const all: Readonly<Record<ScenarioName | OutageName | PagingName, Scenario>> = {
  ...scenarios,
  ...outages,
  ...pagings,
}

/** Runs one on one cluster, with all that holds of every scenario, and prints what it took. */
export async function runScenario(name: keyof typeof all, cluster: ScenarioCluster): Promise<void> {
  const bed = new ScenarioBed(cluster)
  const startMs = performance.now()
  try {
    await all[name](bed)
    const relists = await bed.end()
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
    console.log(`scenario ${name} on ${cluster.name}: ${seconds} s, relists ${relists}`)
  } finally {
    await bed.close()
  }
}

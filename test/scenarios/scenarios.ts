import { absentResource } from './absent-resource.ts'
import { customDefinition } from './custom-definition.ts'
import { everyResource } from './every-resource.ts'
import { featureSwitch } from './feature-switch.ts'
import { namespaceEnd } from './namespace-end.ts'
import { ScenarioBed } from './scenario-bed.ts'
import type { ScenarioCluster } from './scenario-cluster.ts'

/** What happens to real clusters, told once. Each has names of its own: on the real server they share one cluster. */
const scenarios: Readonly<Record<ScenarioName, (bed: ScenarioBed) => Promise<void>>> = {
  'absent-resource': absentResource,
  'custom-definition': customDefinition,
  'every-resource': everyResource,
  'feature-switch': featureSwitch,
  'namespace-end': namespaceEnd,
}

export type ScenarioName =
  | 'absent-resource'
  | 'custom-definition'
  | 'every-resource'
  | 'feature-switch'
  | 'namespace-end'

export const scenarioNames: readonly ScenarioName[] = Object.keys(scenarios) as ScenarioName[]

/** Runs one on one cluster, with all that holds of every scenario, and prints what it took. */
export async function runScenario(name: ScenarioName, cluster: ScenarioCluster): Promise<void> {
  const bed = new ScenarioBed(cluster)
  const startMs = performance.now()
  try {
    await scenarios[name](bed)
    const relists = await bed.end()
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
    console.log(`scenario ${name} on ${cluster.name}: ${seconds} s, relists ${relists}`)
  } finally {
    await bed.close()
  }
}

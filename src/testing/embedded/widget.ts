import type { ResourceType } from '../../resources/names.ts'
import { usualVerbs } from '../../resources/table.ts'
import type { ApiObject } from './json-object.ts'
import { namespaceOf } from './pod.ts'
import type { Random } from './random.ts'

/** The custom resource that every embedded server knows. */
export const widgetType: ResourceType = {
  group: 'example.com',
  version: 'v1',
  resource: 'widgets',
  kind: 'Widget',
  namespaced: true,
  shortNames: ['wd'],
  verbs: usualVerbs,
}

/** A wide custom resource: many labels, deep arrays, long escaped strings, text beyond ASCII, ever other keys. */
export function makeWidget(index: number, random: Random): ApiObject {
  const labels: Record<string, string> = { app: `app-${index % 500}` }
  for (let i = 0; i < 20; i++) labels[`example.com/dimension-${i}`] = `value-${random.below(50)}`
  return {
    metadata: {
      name: `widget-${index}`,
      namespace: namespaceOf(index),
      uid: random.uid(),
      resourceVersion: '',
      generation: 1,
      creationTimestamp: '2026-10-01T12:00:00Z',
      labels,
      annotations: { 'example.com/revision': '0' },
    },
    spec: {
      title: `Größe “${index}” – 部品 🧩`,
      script: `#!/bin/sh\n\techo "line ${index}" \\\n\t| tr 'a' 'b'\n`.repeat(8),
      matrix: Array.from({ length: 6 }, () =>
        Array.from({ length: 6 }, () => [random.below(1000), random.next()]),
      ),
      settings: Object.fromEntries(Array.from({ length: 8 }, () => [`key-${random.hex(4)}`, random.hex(12)])),
      rules: Array.from({ length: 10 }, (_, i) => ({
        id: i,
        match: { path: `/v${i}/*`, headers: [{ name: 'x-tenant', value: random.hex(8) }] },
        weight: random.below(100) / 10,
        isEnabled: random.below(2) === 0,
        note: null,
      })),
    },
    status: { observedGeneration: 1, ratio: 0.5, message: 'Ünïcödé ✓', history: [] },
  }
}

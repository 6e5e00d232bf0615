import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { KubeInformerError } from '../../src/errors.ts'
import { recordFormat } from '../../src/warm-start/snapshot-format.ts'
import { readSnapshot, type SnapshotRead } from '../../src/warm-start/snapshot-reader.ts'
import { JsonTranscoder } from '../../workers/transcode/json-transcoder.ts'
import { recordOf } from '../support/transcoding.ts'
import { WarmBed } from './warm-bed.ts'

interface Damage {
  readonly kind: 'flip' | 'cut' | 'insert' | 'remove' | 'repeat'
  /** Of the file's length. */
  readonly at: number
  readonly value: number
}

function damaged(bytes: Buffer, { kind, at, value }: Damage): Buffer {
  const place = Math.floor(at * bytes.length)
  const out = Buffer.from(bytes)
  switch (kind) {
    case 'flip':
      out[place] = (out[place] as number) ^ (1 + (value % 255))
      return out
    case 'cut':
      return out.subarray(0, place)
    case 'insert':
      return Buffer.concat([out.subarray(0, place), Buffer.from([value]), out.subarray(place)])
    case 'remove':
      return Buffer.concat([out.subarray(0, place), out.subarray(place + 1)])
    default: {
      const size = Math.min(1 + value, out.length - place)
      out.copy(out, 0, place, place + size)
      return out
    }
  }
}

it('no damage is taken for a snapshot, and none is more than a coded refusal', async () => {
  const warm = await WarmBed.start(0)
  try {
    await warm.saved(20)
    const whole = readFileSync(warm.file)
    const read = (): Promise<SnapshotRead | undefined> =>
      readSnapshot(
        warm.file,
        () => {},
        () => false,
      )
    expect((await read())?.epochs.size).toBe(1)
    const damage: fc.Arbitrary<Damage> = fc.record({
      kind: fc.constantFrom<Damage['kind']>('flip', 'cut', 'insert', 'remove', 'repeat'),
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      value: fc.nat(254),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
        const bytes = damages.reduce(damaged, whole)
        writeFileSync(warm.file, bytes)
        const outcome = await read().catch((error: unknown) => error)
        if (bytes.equals(whole)) return
        expect(outcome).toBeInstanceOf(KubeInformerError)
        expect(outcome).toMatchObject({ code: 'ERR_WARM_START' })
        expect(['damaged', 'format']).toContain((outcome as KubeInformerError).facts.reason)
      }),
      { numRuns: 400 },
    )
  } finally {
    await warm.end()
  }
})

it('records are made as this record format says: raise recordFormat when this fails, or old files are misread', () => {
  const transcoder = new JsonTranscoder({
    fields: { drop: ['metadata.managedFields'] },
    columns: ['spec.nodeName', 'spec.list[*].name'],
  })
  const hash = createHash('sha256')
  for (let i = 0; i < 5; i++) {
    const object = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `pod-${i}`,
        namespace: 'default',
        uid: i === 3 ? 'no-uuid' : `8c9c3f5e-1b1b-4c1b-a1b1-00000000000${i}`,
        resourceVersion: i === 4 ? '123456789012345678901234567890' : String(1_000 + i),
        labels: { app: 'web', tier: `t${i % 2}` },
        managedFields: [{ manager: 'x' }],
      },
      spec: {
        nodeName: 'node-1',
        list: [
          { name: 'a', size: 70 },
          { name: 'b', size: 1.5 },
        ],
        on: true,
        no: null,
      },
      status: { text: 'x'.repeat(40 * i), deep: { er: [[-1, 300, 70_000]] } },
    }
    hash.update(recordOf(transcoder, JSON.stringify(object)))
  }
  hash.update(JSON.stringify([transcoder.epoch.structures, transcoder.epoch.values]))
  expect({ recordFormat, records: hash.digest('hex') }).toEqual({
    recordFormat: 1,
    records: '4eb5d3fa69e6f1f92745a4530dca21768565f94d97b294cd896074a059cb89a9',
  })
})

import { describe, expect, it } from 'vitest'
import { peers } from '../../bench/peers/peer.ts'
import { formatReport } from '../../bench/peers/report.ts'
import { reasonOf, runCase, type Starter } from '../../bench/peers/run-case.ts'
import { Subject } from '../../bench/support/subject.ts'

const [own, built, other] = peers as [(typeof peers)[0], (typeof peers)[0], (typeof peers)[0]]

/** A process that says it has synced `count` objects, and says the same when asked. */
function subject(count: number, wallMs: number, first = ''): Starter {
  const report = {
    wallMs,
    cpuMs: 2 * wallMs,
    rssBytes: 2 ** 20,
    peakRssBytes: 2 ** 21,
    objects: count,
    handled: count,
  }
  const script = `${first}
    const say = () => console.log(${JSON.stringify(JSON.stringify(report))})
    say()
    process.stdin.on('data', say)`
  return () => new Subject('fake', process.execPath, ['-e', script])
}

describe('the comparison with peers', () => {
  it('takes turns, and shows ratios, failures and what was skipped', async () => {
    const lines: string[] = []
    const rows = await runCase(
      new Map([
        [own, subject(7, 1_000)],
        [built, subject(7, 4_000)],
        [
          other,
          subject(7, 1, "throw new Error('Cannot create a string | longer than 0x1fffffe8 characters')"),
        ],
      ]),
      {
        place: { url: '', resource: 'pods' },
        count: 7,
        runs: 2,
        syncMsMax: 10_000,
        settleMs: 0,
        log: (line) => lines.push(line.split(':')[0]?.trim() ?? ''),
      },
    )
    // What failed is not tried again.
    expect(lines).toEqual([
      `run 1, ${own.name}`,
      `run 1, ${built.name}`,
      `run 1, ${other.name}`,
      `run 2, ${own.name}`,
      `run 2, ${built.name}`,
    ])
    const text = formatReport([], 2, [{ title: 'pods', rows }], [{ what: 'kube-rs', why: 'no Rust' }])
    expect(text).toContain(`| ${own.title} | 1.0 s | 2.0 s | 2 MiB | 1 MiB |`)
    expect(text).toContain(`| ${built.title} | 4.0 s (0.25) | 8.0 s (0.25) | 2 MiB (1.00) | 1 MiB (1.00) |`)
    expect(text).toContain(
      `| ${other.title} | failed: Cannot create a string \\| longer than 0x1fffffe8 characters |  |  |  |`,
    )
    expect(text).toContain('- kube-rs: no Rust')
  })

  it('takes an incomplete sync for a failure', async () => {
    const options = { place: { url: '', resource: 'pods' as const }, runs: 1, syncMsMax: 10_000, settleMs: 0 }
    const [row] = await runCase(new Map([[own, subject(6, 1)]]), { ...options, count: 7, log: () => {} })
    expect(row?.failure).toBe('6 objects, 6 handled')
  })

  it.each([
    ['x ended early:\n<--- Last few GCs --->\nFATAL ERROR: heap limit', 'FATAL ERROR: heap limit'],
    ['client-node said nothing for 300000 ms:\n', 'client-node said nothing for 300000 ms'],
    ['', 'no reason given'],
  ])('finds the line that tells why: %j', (message, reason) => {
    expect(reasonOf(new Error(message))).toBe(reason)
  })
})

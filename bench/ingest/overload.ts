import { printTable } from '../rounds.ts'
import type { LoadResult } from './load.ts'
import { MeasuredServer } from './measured-server.ts'
import { checkedTotals, printReceipt } from './receipt.ts'

const SECONDS = Number(process.env['REPRISE_BENCH_OVERLOAD_SECONDS'] ?? 60)
const TIMES = 10
const SPANS_PER_BODY = 500
/** Senders that do not wait for one another. */
const CONNECTIONS = 64
const SAMPLE_MILLIS = 200
const RECOVERY_MAX_MILLIS = 10_000

/** Ten times of what it can take is offered for a minute, by senders that take no notice of Retry-After. */
export async function benchOverload(spansPerSecond: number): Promise<void> {
  const server = await MeasuredServer.start('collector')
  const samples: number[] = []
  const timer = setInterval(() => samples.push(server.rssMiB().now), SAMPLE_MILLIS)
  const loads: LoadResult[] = []
  let recoveryMillis = Number.NaN
  let before = Number.NaN
  let most = Number.NaN
  try {
    loads.push(await server.load({ spansPerBody: SPANS_PER_BODY, bodies: 40, connections: 4, salt: 'warm' }))
    before = server.rssMiB().now
    const bodiesPerSecond = (TIMES * spansPerSecond) / SPANS_PER_BODY
    loads.push(
      await server.load({ spansPerBody: SPANS_PER_BODY, bodiesPerSecond, seconds: SECONDS, connections: CONNECTIONS, salt: 'flood' }),
    )
    const ended = performance.now()
    while (Number.isNaN(recoveryMillis) && performance.now() - ended < RECOVERY_MAX_MILLIS) {
      const probe = await server.load({ spansPerBody: 20, bodies: 1, connections: 1, salt: `probe${loads.length}` })
      loads.push(probe)
      if (probe.acknowledged === 20) recoveryMillis = performance.now() - ended
    }
    most = server.rssMiB().most
  } finally {
    clearInterval(timer)
    const totals = checkedTotals(loads, await server.stop())
    const flood = loads[1]
    if (flood !== undefined) {
      const share = (spans: number): string => `${((100 * spans) / flood.offered).toFixed(1)} %`
      console.log(`\noverload: ${TIMES} times the measured rate offered for ${SECONDS} s over ${CONNECTIONS} connections, 500-span bodies`)
      printTable(
        ['', 'offered spans/s', 'stored spans/s', 'stored', 'refused', 'held back by the sender', 'ack p99 ms'],
        [
          [
            'collector',
            (flood.offered / flood.seconds).toFixed(0),
            (flood.acknowledged / flood.seconds).toFixed(0),
            share(flood.acknowledged),
            share(Object.entries(flood.other).reduce((sum, [reason, spans]) => sum + (reason === 'all_connections_busy' ? 0 : spans), 0)),
            share(flood.other['all_connections_busy'] ?? 0),
            flood.ackMillis.p99.toFixed(0),
          ],
        ],
      )
      const quarter = Math.floor(samples.length / 4)
      const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
      const halves = `second quarter ${mean(samples.slice(quarter, 2 * quarter)).toFixed(0)}, last quarter ${mean(samples.slice(-quarter)).toFixed(0)}`
      console.log(
        `RSS MiB: ${before.toFixed(0)} before, most ${most.toFixed(0)}; mean of ${halves} (asked: below 300). Taken again after ${recoveryMillis.toFixed(0)} ms, a sender's start included.`,
      )
    }
    printReceipt('overload', [totals], { rssMostMiB: Math.round(most), recoveryMillis: Math.round(recoveryMillis) })
  }
}

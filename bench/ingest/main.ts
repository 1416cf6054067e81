import { availableParallelism } from 'node:os'
import { interleave, median, printTable } from '../rounds.ts'
import type { AckMillis, LoadResult } from './load.ts'
import { MeasuredServer, type ServerKind } from './measured-server.ts'
import { benchOverload } from './overload.ts'
import { checkedTotals, printReceipt, type Totals } from './receipt.ts'

type Measured = LoadResult & { spansPerSecond: number; cpuMicrosPerSpan: number; rssMiB: number; totals: Totals }

/** The yardstick goes through some hundred expressions for each text: it gets this much less to do. */
const USUAL_SHARE = 40
/** Spans that every contender takes before anything is counted; the yardstick its share of them. */
const WARM_SPANS = 20_000
const CONTENDERS: readonly ServerKind[] = ['sink', 'usual', 'collector']

async function throughput(kind: ServerKind, bodies: number, spansPerBody: number, salt: string): Promise<Measured> {
  const server = await MeasuredServer.start(kind)
  const warmSpans = kind === 'usual' ? WARM_SPANS / USUAL_SHARE : WARM_SPANS
  let result: LoadResult
  let warm: LoadResult
  let cpuMicros: number
  let rssMiB: number
  try {
    // A warm-up of its own, the same for all, so that the work of the compiler is not billed to the spans.
    warm = await server.load({ spansPerBody, bodies: Math.ceil(warmSpans / spansPerBody), connections: 4, salt: `warm${salt}` })
    const before = server.cpuMicros()
    result = await server.load({ spansPerBody, bodies, connections: 4, salt })
    cpuMicros = server.cpuMicros() - before
    rssMiB = server.rssMiB().most
  } catch (error) {
    await server.stop()
    throw error
  }
  const totals = checkedTotals([warm, result], await server.stop())
  return {
    ...result,
    spansPerSecond: result.acknowledged / result.seconds,
    cpuMicrosPerSpan: cpuMicros / result.acknowledged,
    rssMiB,
    totals,
  }
}

async function benchThroughput(title: string, bodies: number, spansPerBody: number, rounds: number): Promise<number> {
  let round = 0
  const all: Totals[] = []
  const results = await interleave(CONTENDERS, rounds, async (kind) => {
    const measured = await throughput(
      kind,
      kind === 'usual' ? Math.ceil(bodies / USUAL_SHARE) : bodies,
      spansPerBody,
      `${spansPerBody}-${round++}`,
    )
    if (kind === 'collector') all.push(measured.totals)
    return measured
  })
  const of = (kind: ServerKind, pick: (result: Measured) => number): number => median(results.get(kind)!.map(pick))
  const perSecond = (kind: ServerKind): number => of(kind, ({ spansPerSecond }) => spansPerSecond)
  const cpu = (kind: ServerKind): number => of(kind, ({ cpuMicrosPerSpan }) => cpuMicrosPerSpan)
  const bytes = of('collector', ({ bytesPerSpan }) => bytesPerSpan).toFixed(0)
  console.log(`\ningest, ${title}, ${bodies * spansPerBody} spans of ${bytes} B, unique, ${rounds} rounds (medians)`)
  printTable(
    ['', 'spans/s', 'x usual', 'server CPU µs/span', 'x usual', 'ack p50 ms', 'p99 ms', 'RSS MiB'],
    CONTENDERS.map((kind) => [
      kind,
      perSecond(kind).toFixed(0),
      (perSecond(kind) / perSecond('usual')).toFixed(1),
      cpu(kind).toFixed(1),
      (cpu('usual') / cpu(kind)).toFixed(1),
      of(kind, ({ ackMillis }) => ackMillis.p50).toFixed(1),
      of(kind, ({ ackMillis }) => ackMillis.p99).toFixed(1),
      of(kind, ({ rssMiB }) => rssMiB).toFixed(0),
    ]),
  )
  printReceipt(`ingest-${spansPerBody}`, all)
  return perSecond('collector')
}

const LATENCY_SECONDS = 35
/** So long the engine compiles what sender and server do again and again, on the same cores: told apart. */
const EARLY_SECONDS = 15

/**
 * Acknowledgement of small batches while the collector has half of what it can take, beside a server that keeps nothing and answers
 * at once: what the sender, the sockets and the machine take of it.
 */
async function benchLatency(spansPerSecond: number, spansPerBody: number, rounds: number): Promise<void> {
  const bodiesPerSecond = spansPerSecond / 2 / spansPerBody
  const totals: Totals[] = []
  const results = await interleave(['sink', 'collector'] as const, rounds, async (kind) => {
    const server = await MeasuredServer.start(kind)
    const loads: LoadResult[] = []
    let end: Awaited<ReturnType<MeasuredServer['stop']>>
    try {
      loads.push(await server.load({ spansPerBody, bodies: 1_000, connections: 4, salt: 'warm' }))
      const half = {
        spansPerBody,
        bodiesPerSecond,
        seconds: LATENCY_SECONDS,
        uncountedSeconds: EARLY_SECONDS,
        connections: 32,
        salt: 'half',
      }
      loads.push(await server.load(half))
    } finally {
      end = await server.stop()
    }
    if (kind === 'collector') totals.push(checkedTotals(loads, end))
    return loads.at(-1)!
  })
  console.log(
    `\nacknowledgement of ${spansPerBody}-span bodies at half load (${(spansPerSecond / 2).toFixed(0)} spans/s), ${rounds} rounds (medians)`,
  )
  const row = (name: string, kind: 'sink' | 'collector', millisOf: (result: LoadResult) => AckMillis): string[] => {
    const all = (results.get(kind) ?? []).map(millisOf)
    return [name, ...(['p50', 'p90', 'p99', 'max'] as const).map((figure) => median(all.map((millis) => millis[figure])).toFixed(1))]
  }
  printTable(
    ['', 'p50 ms', 'p90 ms', 'p99 ms', 'max ms'],
    [
      row('keeps nothing', 'sink', ({ ackMillis }) => ackMillis),
      row('collector', 'collector', ({ ackMillis }) => ackMillis),
      row(`in its first ${EARLY_SECONDS} s`, 'collector', ({ earlyAckMillis }) => earlyAckMillis),
    ],
  )
  printReceipt(`latency-${spansPerBody}`, totals)
}

/** Ingest of unique GenAI spans of about 2 KiB, redaction on, content-addressed, acknowledged after fdatasync. */
export async function benchIngest(rounds: number): Promise<void> {
  if (availableParallelism() < 2) console.log('the figures are asked for two cores; this machine has one')
  const large = await benchThroughput('500-span bodies, 4 connections', 160, 500, rounds)
  const small = await benchThroughput('20-span bodies, 4 connections', 2_000, 20, rounds)
  await benchLatency(small, 20, Math.min(rounds, 3))
  await benchOverload(large)
}

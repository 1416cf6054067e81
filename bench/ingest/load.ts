// The load: sends bodies, counts what becomes of each, and prints its figures as the last line. Nothing that it sends was
// seen before. `closed`: each connection sends as fast as it is answered; `open`: at a rate, whatever the answers.
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { percentile } from '../rounds.ts'
import { VaryingBody } from './bodies.ts'

export type LoadOptions = {
  readonly url: string
  readonly spansPerBody: number
  readonly connections: number
  readonly salt: string
  /** Closed: so many bodies. */
  readonly bodies?: number
  /** Open: so many bodies a second, for so long. */
  readonly bodiesPerSecond?: number
  readonly seconds?: number
  /** Open: what is sent in the first so many seconds, while sender and server are new to their work, is not among `ackMillis`. */
  readonly uncountedSeconds?: number
}

export type AckMillis = { p50: number; p90: number; p99: number; max: number }

export type LoadResult = {
  seconds: number
  bytesPerSpan: number
  ackMillis: AckMillis
  /** Of what was sent before that. */
  earlyAckMillis: AckMillis
  /** Spans. */
  offered: number
  acknowledged: number
  /** Spans that were not acknowledged, by reason. */
  other: Record<string, number>
}

const options = JSON.parse(process.argv[2] ?? '{}') as LoadOptions
const { url, spansPerBody, connections, salt } = options
const dispatcher = new Agent({ connections, pipelining: 1, headersTimeout: 60_000, bodyTimeout: 60_000 })
const acks: number[] = []
const earlyAcks: number[] = []
const other: Record<string, number> = {}
let acknowledged = 0
let count = 0
/** What is sent before is not among `ackMillis`. */
let countedFrom = 0

/** A body is written into the socket over time, so each one under way needs memory of its own. */
const idle = Array.from({ length: connections }, (_, index) => new VaryingBody(index, spansPerBody, salt))

async function send(varying: VaryingBody): Promise<void> {
  const body = varying.next(count++)
  const started = performance.now()
  let outcome: string
  try {
    const response = await request(`${url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body,
      dispatcher,
    })
    await response.body.dump()
    outcome = String(response.statusCode)
  } catch (error) {
    outcome = error instanceof Error && 'code' in error ? String(error.code) : 'error'
  }
  if (outcome === '200') {
    const into = started >= countedFrom ? acks : earlyAcks
    into.push(performance.now() - started)
    acknowledged += spansPerBody
  } else other[outcome] = (other[outcome] ?? 0) + spansPerBody
}

async function closed(bodies: number): Promise<void> {
  let left = bodies
  await Promise.all(
    idle.map(async (varying) => {
      while (left-- > 0) await send(varying)
    }),
  )
}

async function open(bodiesPerSecond: number, seconds: number): Promise<void> {
  const started = performance.now()
  countedFrom = started + (options.uncountedSeconds ?? 0) * 1000
  const under = new Set<Promise<void>>()
  for (let number = 0; number < bodiesPerSecond * seconds; number++) {
    const due = started + (number / bodiesPerSecond) * 1000
    const early = due - performance.now()
    if (early > 0) await sleep(early)
    const varying = idle.pop()
    if (varying === undefined) {
      // Every connection is busy: what a sender with a bounded queue drops itself.
      other['all_connections_busy'] = (other['all_connections_busy'] ?? 0) + spansPerBody
      // The answers need a turn, too.
      if (number % 32 === 0) await sleep(0)
      continue
    }
    const sending = send(varying).finally(() => {
      idle.push(varying)
      under.delete(sending)
    })
    under.add(sending)
  }
  await Promise.all(under)
}

function ackMillisOf(millis: number[]): AckMillis {
  return { p50: percentile(millis, 50), p90: percentile(millis, 90), p99: percentile(millis, 99), max: percentile(millis, 100) }
}

const started = performance.now()
if (options.bodies !== undefined) await closed(options.bodies)
else await open(options.bodiesPerSecond ?? 1, options.seconds ?? 1)
const seconds = (performance.now() - started) / 1000
const result: LoadResult = {
  seconds,
  bytesPerSpan: new VaryingBody(0, spansPerBody, salt).next(0).length / spansPerBody,
  ackMillis: ackMillisOf(acks),
  earlyAckMillis: ackMillisOf(earlyAcks),
  offered: acknowledged + Object.values(other).reduce((sum, spans) => sum + spans, 0),
  acknowledged,
  other,
}
console.log(JSON.stringify(result))
await dispatcher.close()

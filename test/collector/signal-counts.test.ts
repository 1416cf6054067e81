import { afterEach, describe, expect, it } from 'vitest'
import type { Collector } from '../../src/collector/index.ts'
import { runCli } from '../cli/run-cli.ts'
import { bareLog, bareSpan, groupOf, logGroupOf, writeLogs, writeTraces } from '../otlp/helpers.ts'
import { Bench, getJson, NO_THREADS, PROTOBUF, post } from './support.ts'

const bench = new Bench(NO_THREADS)
afterEach(async () => await bench.tearDown())

const idOf = (number: number): string => number.toString(16).padStart(16, '0')
const spans = (...numbers: number[]): Uint8Array => writeTraces(groupOf(numbers.map((number) => bareSpan({ spanId: idOf(number) }))))
const badSpan = (): Uint8Array => writeTraces(groupOf([bareSpan({ attributes: [['reprise.kind', 'x']] })]))
const badLog = bareLog({ attributes: [['reprise.run.id', 'x']] })

async function postLogs(collector: Collector, body: Uint8Array): Promise<number> {
  const response = await fetch(`${collector.url}/v1/logs`, { method: 'POST', headers: PROTOBUF, body: new Uint8Array(body) })
  await response.arrayBuffer()
  return response.status
}

describe.each([
  ['in a worker thread', 1],
  ['on the event loop', 0],
])('records made ready %s', (_, workers) => {
  it('are counted by signal as well as together, also where they share a batch', async () => {
    const collector = await bench.collector({ workers })
    const statuses = await Promise.all([
      ...Array.from({ length: 10 }, async (_none, index) => (await post(collector, spans(index * 2 + 1, index * 2 + 2))).status),
      ...Array.from({ length: 7 }, async () => await postLogs(collector, writeLogs(logGroupOf([bareLog(), badLog, bareLog()])))),
      (async () => (await post(collector, badSpan())).status)(),
      // What cannot be read counts as nothing.
      postLogs(collector, Buffer.from('no logs')),
    ])
    expect([...new Set(statuses)].sort()).toEqual([200, 400])
    const { body } = await getJson(collector, '/readyz')
    expect(body['stats']).toMatchObject({
      received: 42,
      accepted: 34,
      rejected: 8,
      refused: 0,
      spans: { received: 21, accepted: 20, rejected: 1, refused: 0 },
      logs: { received: 21, accepted: 14, rejected: 7, refused: 0 },
    })
  })

  it('of a body that is stored in several parts are counted once each', async () => {
    const collector = await bench.collector({ workers })
    const large = Array.from({ length: 120 }, (_none, index) => (index % 10 === 9 ? badLog : bareLog({ body: `${index} `.repeat(25_000) })))
    expect(await postLogs(collector, writeLogs(logGroupOf(large)))).toBe(200)
    expect(collector.stats()).toMatchObject({
      received: 120,
      spans: { received: 0, accepted: 0, rejected: 0, refused: 0 },
      logs: { received: 120, accepted: 108, rejected: 12, refused: 0 },
    })
  })
})

it('reprise doctor tells spans and log records that were stored', async () => {
  const collector = await bench.collector()
  expect((await post(collector, spans(1, 2, 3))).status).toBe(200)
  expect(await postLogs(collector, writeLogs(logGroupOf([bareLog()])))).toBe(200)
  const { stdout } = await runCli(['doctor', '--store', collector.store])
  expect(stdout).toContain(`serves this store at ${collector.url}, 3 spans and 1 log record stored since it started`)
})

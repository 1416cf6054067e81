import { join } from 'node:path'
import { fromBinary, toJson } from '@bufbuild/protobuf'
import { afterEach, describe, expect, it } from 'vitest'
import type { Collector } from '../../src/collector/index.ts'
import { decodeLogs, encodeLogsResponse, type WireLog } from '../../src/otlp/index.ts'
import { ATTR } from '../../src/schemas/index.ts'
import { type LogRecord, logRecordSchema } from '../../src/schemas/public.ts'
import { messageSchema } from '../otlp/descriptors.ts'
import { bareLog, bareSpan, groupOf, logGroupOf, writeLogs, writeTraces } from '../otlp/helpers.ts'
import { Bench, NO_THREADS, PROTOBUF, post, readTape, spansIn, until } from './support.ts'

const bench = new Bench(NO_THREADS)
afterEach(async () => await bench.tearDown())

async function sendLogs(collector: Collector, ...logs: WireLog[]): Promise<void> {
  const body = new Uint8Array(writeLogs(logGroupOf(logs)))
  expect((await fetch(`${collector.url}/v1/logs`, { method: 'POST', headers: PROTOBUF, body })).status).toBe(200)
}
const sendSpan = async (collector: Collector, name: string): Promise<void> =>
  expect((await post(collector, writeTraces(groupOf([bareSpan({ name })])))).status).toBe(200)

interface Seen {
  readonly logs: WireLog[]
  readonly spans: string[]
  readonly paths: string[]
  readonly bodies: Buffer[]
}

/** A backend that answers `/v1/logs` as told, and takes traces. */
async function backend(answer: (asked: number) => { status: number; body?: Uint8Array }): Promise<Seen & { url: string }> {
  const seen: Seen = { logs: [], spans: [], paths: [], bodies: [] }
  let asked = 0
  const { url } = await bench.backend((request, body, response) => {
    const path = request.url ?? ''
    seen.paths.push(path)
    if (!path.startsWith('/base/v1/logs')) {
      seen.spans.push(...spansIn(body).map(({ name }) => name))
      return void response.writeHead(200).end()
    }
    const { status, body: reply } = answer(asked++)
    if (status === 200) {
      seen.bodies.push(body)
      seen.logs.push(
        ...decodeLogs(body, 'protobuf').resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap((scope) => scope.logRecords)),
      )
    }
    response.writeHead(status, { 'content-type': 'application/x-protobuf', 'retry-after': '0' }).end(reply)
  })
  return { url: `${url}/base`, ...seen }
}

describe('log records', () => {
  it('go to a second collector as they came, redacted, with the run that they belong to', async () => {
    const second = await bench.collector()
    const first = await bench.collector({ forward: [second.url] })
    await sendLogs(
      first,
      bareLog({
        timeNanos: 7n,
        observedNanos: 9n,
        severityNumber: 17,
        severityText: 'ERROR',
        body: {
          kvlist: [
            ['mail', 'jane@example.org'],
            ['tries', { int: 2n ** 60n }],
          ],
        },
        attributes: [
          ['a/b~c', `${'long '.repeat(200)}jane@example.org`],
          ['n', { int: 4n }],
          [ATTR.runId, 'c'.repeat(32)],
        ],
        droppedAttributes: 3,
        flags: 1,
        traceId: 'a'.repeat(32),
        spanId: 'b'.repeat(16),
        eventName: 'gen_ai.choice',
      }),
      bareLog({ body: 'plain' }),
    )
    await sendSpan(first, 'beside them')
    await until('the records', () => second.stats().accepted === 3)
    await until('the numbers', () => first.stats().forward[0]!.logs!.sentLogs === 2 && first.stats().forward[0]!.sentSpans === 1)
    expect(first.stats().forward[0]).toMatchObject({ sentSpans: 1, logs: { url: `${second.url}/v1/logs`, deadLogs: 0, rejectedLogs: 0 } })
    expect(second.stats().redactions).toEqual({})
    await first.close()
    await second.close()
    const logsOf = async (folder: string): Promise<LogRecord[]> =>
      (await readTape(folder)).lines.filter((line) => line.includes('reprise.log/1')).map((line) => logRecordSchema.parse(JSON.parse(line)))
    // What was redacted was counted where it was, and salts differ; references name the same bytes.
    const comparable = ({ core, refs }: LogRecord): unknown => ({
      core: { ...core, redactions: undefined, payloads: core.payloads.map((payload) => ({ ...payload, commitment: '' })) },
      refs: refs.map(({ role, digest }) => [role, digest]),
    })
    const sent = await logsOf(first.store)
    expect(sent).toHaveLength(2)
    expect(sent[0]!.core.runId).toBe('c'.repeat(32))
    expect((await logsOf(second.store)).map(comparable)).toEqual(sent.map(comparable))
  })

  it('are OTLP that a protobuf library reads, and hold nothing that was redacted', async () => {
    const target = await backend(() => ({ status: 200 }))
    const collector = await bench.collector({ forward: [`${target.url}?tenant=7`], forwardHeaders: { authorization: 'Bearer s3cret' } })
    await sendLogs(collector, bareLog({ body: 'mail jane@example.org', eventName: 'an event' }))
    await until('the record', () => target.logs.length === 1)
    expect(target.paths).toEqual(['/base/v1/logs?tenant=7'])
    const schema = messageSchema('ExportLogsServiceRequest')
    const read = JSON.stringify(toJson(schema, fromBinary(schema, target.bodies[0]!)))
    expect(read).toMatch(/"stringValue":"mail <email:[0-9a-f]{12}>"/)
    expect(read).toContain('"eventName":"an event"')
    expect(read).not.toContain('jane@')
    expect(JSON.stringify([collector.stats(), bench.log])).not.toMatch(/s3cret|tenant/)
  })

  it.each([404, 401, 501])('that a backend answers with %i are counted, and spans go on', async (status) => {
    const target = await backend(() => ({ status }))
    const collector = await bench.collector({ forward: [target.url] })
    await sendLogs(collector, bareLog(), bareLog())
    await sendSpan(collector, 'one')
    await until('the numbers', () => collector.stats().forward[0]!.logs!.deadLogs === 2 && target.spans.length === 1)
    expect(collector.stats().forward[0]).toMatchObject({
      deadSpans: 0,
      deadByReason: {},
      logs: { deadLogs: 2, sentLogs: 0, deadByReason: { [`http_${status}`]: 2 } },
    })
  })

  it('that a backend does not take now are sent again, and spans do not wait for them', async () => {
    const target = await backend((asked) => ({ status: asked < 3 ? 503 : 200 }))
    const collector = await bench.collector({ forward: [target.url] })
    await sendLogs(collector, bareLog({ eventName: 'late' }))
    await sendSpan(collector, 'one')
    await until('the span', () => target.spans.length === 1)
    await until('the record', () => target.logs.length === 1)
    await until('the numbers', () => collector.stats().forward[0]!.logs!.sentLogs === 1)
    expect(collector.stats().forward[0]).toMatchObject({ retries: 0, logs: { retries: 3, deadLogs: 0 } })
  })

  it('that a backend takes in part are counted', async () => {
    const target = await backend(() => ({
      status: 200,
      body: encodeLogsResponse('protobuf', { rejectedLogRecords: 1, errorMessage: 'old' }),
    }))
    const collector = await bench.collector({ forward: [target.url] })
    await sendLogs(collector, bareLog(), bareLog())
    await until('the numbers', () => collector.stats().forward[0]!.logs!.sentLogs === 1)
    expect(collector.stats().forward[0]!.logs).toMatchObject({ rejectedLogs: 1, deadLogs: 0 })
  })

  it('are not sent to a URL that names the path of traces', async () => {
    const target = await backend(() => ({ status: 200 }))
    const collector = await bench.collector({ forward: [`${target.url}/v1/traces`] })
    await sendLogs(collector, bareLog())
    await sendSpan(collector, 'one')
    await until('the span', () => target.spans.length === 1)
    expect(collector.stats().forward[0]!.logs).toBe(undefined)
    await collector.close()
    expect(target.paths).toEqual(['/base/v1/traces'])
  })

  it('are taken up after a restart where they stood', async () => {
    const target = await backend(() => ({ status: 200 }))
    const store = join(bench.folder(), 'store')
    const first = await bench.collector({ store, forward: [target.url] })
    await sendLogs(first, bareLog({ eventName: 'one' }))
    await until('the first', () => first.stats().forward[0]!.logs!.sentLogs === 1)
    await until('its place', () => first.stats().forward[0]!.logs!.state === 'idle')
    await first.close()
    const between = await bench.collector({ store })
    await sendLogs(between, bareLog({ eventName: 'two' }))
    await between.close()
    const last = await bench.collector({ store, forward: [target.url] })
    await until('the second', () => last.stats().forward[0]!.logs!.sentLogs === 1)
    expect(target.logs.map(({ eventName }) => eventName)).toEqual(['one', 'two'])
  })
})

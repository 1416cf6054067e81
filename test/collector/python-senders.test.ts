import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { type LogRecord, logRecordSchema, type SpanRecord, spanRecordSchema } from '../../src/schemas/public.ts'
import { compare } from '../otlp/differential.ts'
import { EXPORT, RawClient } from './grpc-client.ts'
import { Bench, PROTOBUF, readArtifact, readTape } from './support.ts'

// What the exporters of OpenTelemetry for Python, and its instrumentation of OpenAI's client, sent: see capture.py beside the files.
const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../otlp/fixtures/python/${name}.bin`, import.meta.url)))

const bench = new Bench()
afterEach(async () => await bench.tearDown())

interface Kept {
  readonly spans: readonly SpanRecord[]
  readonly logs: readonly LogRecord[]
  contentOf(record: SpanRecord | LogRecord, role: string): Promise<string>
}

/** Sends the traces and the logs of a mode over the transport that they were captured from, and reads the tape. */
async function send(mode: string, transport: 'grpc' | 'http'): Promise<Kept> {
  const collector = await bench.collector({ grpcPort: 0 })
  const client = new RawClient(collector.grpcPort ?? 0)
  for (const signal of ['traces', 'logs'] as const) {
    const body = fixture(`${mode}-${transport}-${signal}`)
    if (transport === 'grpc') expect(await client.send(body, EXPORT[signal])).toMatchObject({ code: 0, body: Buffer.alloc(0) })
    else {
      const response = await fetch(`${collector.url}/v1/${signal}`, { method: 'POST', headers: PROTOBUF, body: new Uint8Array(body) })
      expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([200, 0])
    }
  }
  client.close()
  await collector.close()
  const records = (await readTape(collector.store)).lines.map((line) => JSON.parse(line) as { core: { schema: string } })
  return {
    spans: records.filter(({ core }) => core.schema === 'reprise.span/1').map((record) => spanRecordSchema.parse(record)),
    logs: records.filter(({ core }) => core.schema === 'reprise.log/1').map((record) => logRecordSchema.parse(record)),
    contentOf: async ({ refs }, role) => await readArtifact(collector.store, refs.find((ref) => ref.role === role)!.digest),
  }
}

describe.each(['grpc', 'http'] as const)('a Python program that sends over %s', (transport) => {
  it('has the per-message events of earlier conventions kept with their content, beside their step', async () => {
    const { spans, logs, contentOf } = await send('events', transport)
    const chat = spans.find(({ core }) => core.stepName === 'chat gpt-4o-mini')!
    expect(spans.map(({ core }) => [core.name, core.kind])).toEqual([
      ['chat gpt-4o-mini', 'model'],
      ['ask', 'run'],
    ])
    expect(logs.map(({ core }) => core.eventName)).toEqual(['gen_ai.system.message', 'gen_ai.user.message', 'gen_ai.choice'])
    for (const { core } of logs) expect([core.runId, core.spanId]).toEqual([chat.core.runId, chat.core.spanId])
    expect(await Promise.all(logs.map(async (log) => await contentOf(log, '/body')))).toEqual([
      '{"kvlist":[["content","Be kind."]]}',
      '{"kvlist":[["content","Hallo, 世界?"]]}',
      '{"kvlist":[["index",0],["finish_reason","stop"],["message",{"kvlist":[["role","assistant"],["content","Grüße, 世界 👋"]]}]]}',
    ])
  })

  it('has the event of today kept with its messages, which the span has as JSON', async () => {
    const { spans, logs, contentOf } = await send('details', transport)
    const [event] = logs
    expect(event?.core).toMatchObject({
      eventName: 'gen_ai.client.inference.operation.details',
      attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.usage.input_tokens': 12, 'gen_ai.response.finish_reasons': ['stop'] },
      observedNanos: expect.stringMatching(/^[0-9]{19}$/),
    })
    expect(await contentOf(event!, '/attributes/gen_ai.output.messages')).toContain('["content","Grüße, 世界 👋"]')
    const chat = spans.find(({ core }) => core.kind === 'model')!
    const messages = JSON.parse(await contentOf(chat, '/attributes/gen_ai.output.messages')) as unknown
    expect(messages).toEqual([{ role: 'assistant', parts: [{ content: 'Grüße, 世界 👋', type: 'text' }], finish_reason: 'stop' }])
  })

  it.each(['events', 'details'])('is read as the reference reads it (%s)', (mode) => {
    for (const signal of ['traces', 'logs'] as const) expect(compare(fixture(`${mode}-${transport}-${signal}`), signal)).toBe('kept whole')
  })
})

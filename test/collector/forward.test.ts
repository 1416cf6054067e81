import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Collector } from '../../src/collector/index.ts'
import { decodeTraces, encodeExportResponse, type WireAttribute, type WireSpan } from '../../src/otlp/index.ts'
import { ATTR, encodeValue, MEDIA_TYPE } from '../../src/schemas/index.ts'
import { bareSpan, groupOf, settledSpan, writeTraces } from '../otlp/helpers.ts'
import { allFiles, Bench, getJson, NO_THREADS, post, spansIn, until } from './support.ts'

const bench = new Bench(NO_THREADS)
afterEach(async () => await bench.tearDown())

const idOf = (number: number): string => number.toString(16).padStart(16, '0')
const spanOf = (number: number, fields: Partial<WireSpan> = {}): WireSpan =>
  bareSpan({ spanId: idOf(number), name: `span ${number}`, ...fields })
const send = async (collector: Collector, ...spans: WireSpan[]): Promise<void> =>
  expect((await post(collector, writeTraces(groupOf(spans)))).status).toBe(200)
const attributesOf = (span: WireSpan): Record<string, WireAttribute[1]> => Object.fromEntries(settledSpan(span).attributes)

interface Received {
  readonly spans: WireSpan[]
  readonly requests: { url: string; headers: Record<string, string | string[] | undefined>; ids: string[] }[]
}

/** A backend that answers as the script says, and with success when the script is over. */
async function scripted(
  script: ((ids: string[]) => { status: number; headers?: Record<string, string>; body?: Uint8Array | string } | 'reset' | 'hang')[] = [],
): Promise<Received & { url: string }> {
  const received: Received = { spans: [], requests: [] }
  const { url } = await bench.backend((request, body, response) => {
    const spans = spansIn(body)
    const ids = spans.map((span) => span.spanId)
    received.requests.push({ url: request.url ?? '', headers: request.headers, ids })
    const answer = script.shift()?.(ids) ?? { status: 200 }
    if (answer === 'hang') return
    if (answer === 'reset') return void request.socket.destroy()
    if (answer.status === 200) received.spans.push(...spans)
    response.writeHead(answer.status, { 'content-type': 'application/x-protobuf', ...answer.headers }).end(answer.body)
  })
  return { url, ...received }
}

describe('a destination gets', () => {
  it('each span once, with its headers, under /v1/traces', async () => {
    const backend = await scripted()
    const collector = await bench.collector({
      forward: [`${backend.url}/base?tenant=7`],
      forwardHeaders: { Authorization: 'Bearer s3cret' },
    })
    await send(collector, spanOf(1), spanOf(2))
    await send(collector, spanOf(3))
    await until('three spans', () => backend.spans.length === 3)
    expect(backend.requests[0]).toMatchObject({
      url: '/base/v1/traces?tenant=7',
      headers: { authorization: 'Bearer s3cret', 'content-type': 'application/x-protobuf' },
    })
    expect(backend.spans.map((span) => span.name)).toEqual(['span 1', 'span 2', 'span 3'])
    await until('the numbers', () => collector.stats().forward[0]!.sentSpans === 3)
    expect(collector.stats().forward[0]).toMatchObject({ url: `${backend.url}/base/v1/traces`, deadSpans: 0, rejectedSpans: 0 })
    expect(JSON.stringify([collector.stats(), bench.log, await getJson(collector, '/readyz')])).not.toMatch(/s3cret|tenant/)
  })

  it('what was sent, content put back in its places, redacted', async () => {
    const backend = await scripted()
    const collector = await bench.collector({ forward: [backend.url] })
    const long = `${'long '.repeat(200)}jane@example.org`
    const sent = spanOf(1, {
      name: 'n'.repeat(600),
      parentSpanId: idOf(9),
      traceState: 'vendor=1',
      flags: 257,
      kind: 3,
      droppedAttributes: 1,
      droppedEvents: 2,
      droppedLinks: 3,
      attributes: [
        ['a/b~c', long],
        ['bytes', { bytes: Buffer.alloc(700, 1) }],
        ['double', 3],
        ['gen_ai.input.messages', '[{"role":"user"}]'],
        ['int', { int: 2n ** 60n }],
        ['kv', { kvlist: [['x', { array: [true, null, 1.5, { int: 4n }] }]] }],
        ['short', 'x'],
      ],
      events: [
        {
          name: 'exception',
          timeNanos: 7n,
          attributes: [
            ['exception.stacktrace', 'at f (a.js:1)'],
            ['n', { int: 1n }],
          ],
          droppedAttributes: 4,
        },
      ],
      links: [
        { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceState: 'x=y', attributes: [['why', long]], droppedAttributes: 5, flags: 1 },
      ],
      status: { code: 2, message: 'm'.repeat(700) },
    })
    const group = groupOf([sent])[0]!
    const resource = {
      attributes: [['service.name', 'shop'] as const, ['process.command_line', 'node '.repeat(300)] as const],
      droppedAttributes: 6,
    }
    const scope = { name: 'lib', version: '1', attributes: [['s', 'v'] as const], droppedAttributes: 7 }
    expect(
      (
        await post(
          collector,
          writeTraces([
            {
              resource,
              schemaUrl: 'http://schema/r',
              scopeSpans: [{ scope, schemaUrl: 'http://schema/s', spans: group.scopeSpans[0]!.spans }],
            },
          ]),
        )
      ).status,
    ).toBe(200)
    await until('the span', () => backend.spans.length === 1)
    const got = settledSpan(backend.spans[0]!)
    const clean = (got.attributes.find(([key]) => key === 'a/b~c')![1] as string).slice(-20)
    expect(clean).toMatch(/^<email:[0-9a-f]{12}>$/)
    const expected = JSON.parse(JSON.stringify(settledSpan(sent), bigints).replaceAll('jane@example.org', clean)) as unknown
    const actual = JSON.parse(JSON.stringify(got, bigints)) as {
      attributes: [string, unknown][]
      events: { attributes: [string, unknown][] }[]
    }
    for (const { attributes } of [actual, ...actual.events]) attributes.sort(([a], [b]) => (a < b ? -1 : 1))
    expect(actual).toEqual(expected)
  })

  it('a resource that was too large for the record', async () => {
    const resources: WireAttribute[][] = []
    const { url } = await bench.backend((_request, body, response) => {
      for (const { resource } of decodeTraces(body, 'protobuf').resourceSpans) resources.push([...resource.attributes])
      response.writeHead(200).end()
    })
    const collector = await bench.collector({ forward: [url] })
    const attributes: WireAttribute[] = [
      ['service.name', 'shop'],
      ...Array.from({ length: 400 }, (_, index): WireAttribute => [`label.${index}`, `value number ${index}`]),
    ]
    const scopeSpans = groupOf([spanOf(1), spanOf(2)])[0]!.scopeSpans
    expect(
      (await post(collector, writeTraces([{ resource: { attributes, droppedAttributes: 0 }, schemaUrl: '', scopeSpans }]))).status,
    ).toBe(200)
    await until('the resource', () => resources.length === 1)
    expect(resources[0]).toEqual(attributes)
  })

  it('our payloads, and GenAI attributes that others can read', async () => {
    const backend = await scripted()
    const collector = await bench.collector({ forward: [backend.url] })
    const input = JSON.stringify([{ model: 'gpt-4o', messages: [{ role: 'user', content: 'hi, I am jane@example.org' }] }])
    const output = JSON.stringify({
      id: 'r1',
      model: 'gpt-4o-2',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hello' } }],
      usage: { prompt_tokens: 5, completion_tokens: 2 },
    })
    const packed = encodeValue(new Map([['a', new Date(0)]]))
    await send(
      collector,
      spanOf(1, {
        attributes: [
          [ATTR.runId, 'd'.repeat(32)],
          [ATTR.kind, 'model'],
          [ATTR.operation, 'chat'],
          [ATTR.stepName, 'ask'],
          [ATTR.fidelity, 'replayable'],
          [ATTR.sequence, { int: 4n }],
          [ATTR.shape, 'promise'],
          [ATTR.deliveries, { array: [{ int: 1n }, { int: 2n }] }],
          [ATTR.input, input],
          [ATTR.output, output],
          ['gen_ai.response.id', 'kept'],
        ],
      }),
      spanOf(2, {
        attributes: [
          [ATTR.kind, 'custom'],
          [ATTR.input, { bytes: Buffer.from(packed.data) }],
          [ATTR.inputMediaType, packed.mediaType],
        ],
      }),
    )
    await until('two spans', () => backend.spans.length === 2)
    const first = attributesOf(backend.spans[0]!)
    expect(first).toMatchObject({
      [ATTR.runId]: 'd'.repeat(32),
      [ATTR.kind]: 'model',
      [ATTR.operation]: 'chat',
      [ATTR.stepName]: 'ask',
      [ATTR.fidelity]: 'replayable',
      [ATTR.sequence]: { int: 4n },
      [ATTR.shape]: 'promise',
      [ATTR.deliveries]: { array: [{ int: 1n }, { int: 2n }] },
      [ATTR.output]: output,
      'gen_ai.response.id': 'kept',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.usage.input_tokens': { int: 5n },
    })
    expect(first[ATTR.input]).toMatch(/I am <email:[0-9a-f]{12}>/)
    expect(first['gen_ai.input.messages']).toMatch(/^\[\{"role":"user".*<email:/)
    expect(first['gen_ai.output.messages']).toContain('hello')
    const second = attributesOf(backend.spans[1]!)
    // Observed, and of no kind that its own attributes would tell.
    expect(second).toMatchObject({ [ATTR.kind]: 'custom', [ATTR.operation]: 'custom', [ATTR.stepName]: 'span 2' })
    expect(second).not.toHaveProperty(ATTR.fidelity)
    expect(second[ATTR.inputMediaType]).toBe(MEDIA_TYPE.msgpack)
    expect(second[ATTR.input]).toEqual({ bytes: Uint8Array.from(Buffer.from(packed.data)) })
  })

  it('nothing of an announcement or a gap', async () => {
    const backend = await scripted()
    const collector = await bench.collector({ forward: [backend.url] })
    await send(
      collector,
      spanOf(1, {
        endNanos: 0n,
        attributes: [
          [ATTR.kind, 'agent'],
          [ATTR.pending, true],
        ],
      }),
      spanOf(2, {
        attributes: [
          [ATTR.gapReason, 'full'],
          [ATTR.gapCount, { int: 3n }],
        ],
      }),
    )
    await send(collector, spanOf(1, { attributes: [[ATTR.kind, 'agent']] }))
    await until('one span', () => backend.spans.length === 1)
    expect(attributesOf(backend.spans[0]!)).not.toHaveProperty(ATTR.pending)
    expect(collector.stats().forward[0]).toMatchObject({ deadSpans: 0 })
  })
})

describe('when a destination', () => {
  it('answers 429, 502, 503, 504 or resets, the same request is sent again', async () => {
    const again = { 'retry-after': '0' }
    const backend = await scripted([
      () => ({ status: 429, headers: again }),
      () => ({ status: 502, headers: again }),
      () => ({ status: 503, headers: again }),
      () => ({ status: 504, headers: again }),
      () => 'reset',
    ])
    const collector = await bench.collector({ forward: [backend.url] })
    await send(collector, spanOf(1))
    await until('the span', () => backend.spans.length === 1)
    expect(backend.requests.map((request) => request.ids)).toEqual(Array.from({ length: 6 }, () => [idOf(1)]))
    await until('the numbers', () => collector.stats().forward[0]!.sentSpans === 1)
    expect(collector.stats().forward[0]).toMatchObject({ retries: 5, deadSpans: 0 })
  })

  it.each([400, 401, 403, 404, 500, 301])('answers %i, the span is given up with that reason, and the next goes on', async (status) => {
    const backend = await scripted([() => ({ status, headers: { location: 'http://169.254.169.254/latest/meta-data' } })])
    const collector = await bench.collector({ forward: [backend.url] })
    await send(collector, spanOf(1))
    await until('the first request', () => collector.stats().forward[0]!.deadSpans === 1)
    await send(collector, spanOf(2))
    await until('the second span', () => backend.spans.length === 1)
    expect(backend.spans[0]!.spanId).toBe(idOf(2))
    expect(collector.stats().forward[0]).toMatchObject({ deadByReason: { [`http_${status}`]: 1 }, retries: 0 })
  })

  it('cannot take one span of many, only that one is given up', async () => {
    const poison = idOf(13)
    const bad = (ids: string[]): { status: number } => ({ status: ids.includes(poison) ? 400 : 200 })
    const backend = await scripted(Array.from({ length: 40 }, () => bad))
    const collector = await bench.collector({ forward: [backend.url] })
    await send(collector, ...Array.from({ length: 32 }, (_, index) => spanOf(index + 1)))
    await until('the rest', () => backend.spans.length === 31 && collector.stats().forward[0]!.deadSpans === 1)
    expect(backend.spans.map((span) => span.spanId)).not.toContain(poison)
    expect(backend.spans.map((span) => span.spanId)).toEqual([...backend.spans.map((span) => span.spanId)].sort())
  })

  it('takes a part, the rest is counted and not sent again', async () => {
    const backend = await scripted([
      () => ({ status: 200, body: encodeExportResponse('protobuf', { rejectedSpans: 1, errorMessage: 'too old' }) }),
    ])
    const collector = await bench.collector({ forward: [backend.url] })
    await send(collector, spanOf(1), spanOf(2))
    await until('the numbers', () => collector.stats().forward[0]!.rejectedSpans === 1)
    await send(collector, spanOf(3))
    await until('the third span', () => backend.spans.some((span) => span.spanId === idOf(3)))
    expect(backend.requests).toHaveLength(2)
    expect(collector.stats().forward[0]).toMatchObject({ rejectedSpans: 1, deadSpans: 0 })
  })

  it('answers without end, no more than 4 MiB of it are read', async () => {
    let written = 0
    const { url } = await bench.backend((_request, _body, response) => {
      response.writeHead(200, { 'content-type': 'application/x-protobuf' })
      const chunk = Buffer.alloc(256 * 1024)
      const more = (): void => {
        while (!response.destroyed && written < 1024 * 1024 * 1024) {
          written += chunk.length
          if (!response.write(chunk)) return void response.once('drain', more)
        }
        response.end()
      }
      more()
    })
    const collector = await bench.collector({ forward: [url] })
    await send(collector, spanOf(1))
    await until('the numbers', () => collector.stats().forward[0]!.sentSpans === 1)
    expect(written).toBeLessThan(64 * 1024 * 1024)
  })

  it('hangs, neither the senders nor the other destinations wait for it, and closing does not either', async () => {
    const hanging = await scripted(Array.from({ length: 50 }, () => () => 'hang' as const))
    const well = await scripted()
    const collector = await bench.collector({ forward: [hanging.url, well.url] })
    for (let number = 1; number <= 10; number++) await send(collector, spanOf(number))
    await until('ten spans', () => well.spans.length === 10)
    expect(collector.stats().accepted).toBe(10)
    await collector.close()
    expect(collector.stats().forward[0]).toMatchObject({ state: 'stopped', sentSpans: 0 })
  })
})

describe('a damaged group', () => {
  it('is passed over and counted; those before and after it are sent', async () => {
    const store = join(bench.folder(), 'store')
    const first = await bench.collector({ store })
    for (const number of [1, 2, 3]) await send(first, spanOf(number))
    await first.close()
    // Segments are raw blocks: the text stands in them as it is.
    const segment = allFiles(join(store, 'segments')).find((path) => readFileSync(path).includes(idOf(2)))!
    const bytes = readFileSync(segment)
    bytes[bytes.indexOf(`"spanId":"${idOf(2)}"`) + 12]! ^= 1
    writeFileSync(segment, bytes)
    const backend = await scripted()
    const second = await bench.collector({ store, forward: [backend.url] })
    await send(second, spanOf(4))
    await until('the others', () => backend.spans.length === 3)
    expect(backend.spans.map((span) => span.spanId)).toEqual([1, 3, 4].map(idOf))
    expect(second.stats().forward[0]).toMatchObject({ damagedGroups: 1, deadSpans: 0 })
  })
})

describe('the cursor', () => {
  it('goes on after a restart: what came while nobody listened is sent, what was sent is not', async () => {
    const store = join(bench.folder(), 'store')
    const backend = await scripted()
    const first = await bench.collector({ store, forward: [backend.url] })
    await send(first, spanOf(1), spanOf(2))
    await until('two spans', () => backend.spans.length === 2)
    await until('the cursor', () => first.stats().forward[0]!.nextGroup === 1)
    await first.close()
    const second = await bench.collector({ store })
    await send(second, spanOf(3))
    await second.close()
    const third = await bench.collector({ store, forward: [backend.url] })
    await send(third, spanOf(4))
    await until('four spans', () => backend.spans.length === 4)
    expect(backend.spans.map((span) => span.spanId)).toEqual([1, 2, 3, 4].map(idOf))
  })

  it('stands still while the destination is away', async () => {
    const store = join(bench.folder(), 'store')
    const away = await scripted(Array.from({ length: 100 }, () => () => ({ status: 503 })))
    const first = await bench.collector({ store, forward: [away.url] })
    await send(first, spanOf(1))
    await until('a try', () => away.requests.length > 0)
    await first.close()
    expect(first.stats().forward[0]).toMatchObject({ nextGroup: 0 })
    const back = await scripted()
    const second = await bench.collector({ store, forward: [back.url] })
    await until('the span', () => back.spans.length === 1)
    // Counted when its acknowledgement has been read.
    await until('the numbers', () => second.stats().forward[0]!.sentSpans === 1)
  })
})

function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
}

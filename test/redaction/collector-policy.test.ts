import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { startCollector } from '../../src/collector/index.ts'
import { encodeTracesJson, type WireAttribute } from '../../src/otlp/index.ts'
import { type PolicyConfig, policyRefOf } from '../../src/redaction/index.ts'
import { exportRecording, formatVerdict, loadRecording, replay } from '../../src/replay/index.ts'
import { ATTR, digestOf, encodeValue } from '../../src/schemas/index.ts'
import { instrument, model, startRecorder, tool } from '../../src/sdk/index.ts'
import { openStore } from '../../src/store/index.ts'
import { Bench, filesWith, JSON_TYPE, post, readTape } from '../collector/support.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'

const bench = new Bench()
afterEach(async () => await bench.tearDown())

const BASE = { schema: 'reprise.redaction-policy/2', id: 'desk', version: '3' } as const
const MAIL = 'ana.lopez@northwind-labs.com'
const CARD = '4539 1488 0343 6467'

const chat = model(async (request: { text: string }) => ({ reply: `I wrote to ${request.text}` }), { name: 'chat', provider: 'test' })
const book = tool((order: { card: string; code: string }) => `booked with ${order.card} / ${order.code}`, { name: 'book' })
const serve = instrument(async function serve(customer: { mail: string; card: string; code: string }) {
  const { reply } = await chat({ text: `for ${customer.mail}` })
  return [reply, book(customer)]
})

describe('a collector with a policy of somebody’s own', () => {
  it('keeps what the policy says, names it on every record, and its export replays elsewhere', async () => {
    const folder = bench.folder()
    const file = join(folder, 'desk.json')
    const policy: PolicyConfig = {
      ...BASE,
      action: 'surrogate',
      rules: [
        { detector: 'email', kind: ['checkpoint'], action: 'drop' },
        { path: '/**/code', action: 'token' },
      ],
    }
    writeFileSync(file, JSON.stringify(policy))
    const store = join(folder, 'store')
    const collector = await bench.collector({ store, redactionPolicy: file })
    const recorder = startRecorder({ endpoint: collector.url, exporter: 'reprise' })
    await serve({ mail: MAIL, card: CARD, code: 'Blue Heron' })
    expect(await recorder.stop()).toMatchObject({ failed: 0, dropped: 0 })
    await collector.close()
    for (const secret of [MAIL, CARD]) expect(filesWith(folder, secret)).toEqual([])

    const { spans } = await readTape(store)
    expect(spans.length).toBeGreaterThanOrEqual(3)
    const covered = `{"detectors":{"digest":"${policyRefOf('default').digest}","id":"default","version":"${policyRefOf('default').version}"},`
    for (const { core } of spans) expect(core.policy).toMatchObject({ id: 'desk', version: '3' })
    const digest = spans[0]!.core.policy.digest
    const reader = await openStore(store, { mode: 'read' })
    const text = Buffer.from(reader.readPolicy(digest) ?? []).toString()
    expect(text.startsWith(covered)).toBe(true)
    expect(digestOf(text)).toBe(digest)
    await reader.index.catchUp()
    const run = reader.index.listRuns({ limit: 1 }).runs[0]!
    const recording = join(folder, 'recording')
    await exportRecording(reader, run.id, recording)
    await reader.close()

    // Another machine: nothing but the recording, neither the store's key nor the policy's file.
    rmSync(store, { recursive: true })
    rmSync(file)
    const verdict = await replay(await loadRecording(recording), serve)
    expect(verdict.label, formatVerdict(verdict)).toBe('exact')
    const real = await replay(await loadRecording(recording), serve, { args: [{ mail: MAIL, card: CARD, code: 'Blue Heron' }] })
    expect(real.counts, formatVerdict(real)).toMatchObject({ served: 2, unmatched: 0, unused: 0 })
    const other = await replay(await loadRecording(recording), serve, { args: [{ mail: MAIL, card: '4111111111111111', code: 'x' }] })
    expect(other.label).toBe('diverged')
  })

  it('starts with a shipped one by name, and with one from code', async () => {
    for (const [redactionPolicy, id] of [
      ['strict', 'strict'],
      [{ ...BASE }, 'desk'],
      ['default', 'default'],
    ] as const) {
      const store = join(bench.folder(), 'store')
      const collector = await bench.collector({ store, redactionPolicy })
      await post(collector, writeTraces(groupOf([bareSpan({ attributes: [['note', `for ${MAIL}`]] })])))
      await collector.close()
      const [span] = (await readTape(store)).spans
      expect(span?.core.policy.id).toBe(id)
      expect(span?.core.attributes['note']).toMatch(id === 'strict' ? /^for \[redacted\]$/ : /^for <email:/)
      if (id === 'default') expect(span?.core.policy).toEqual(policyRefOf('default'))
    }
  })

  it.each([
    ['{"schema":1', /redaction policy .*bad\.json: expected one of default, strict, metadata-only, or a JSON file/],
    [
      JSON.stringify({ ...BASE, rules: [{ detector: 'emial', action: 'mask' }] }),
      /bad\.json: .*\/rules\/0\/detector: expected the name of a detector/,
    ],
    [JSON.stringify({ ...BASE, rules: [{ path: '/a', action: 'keep' }] }), /bad\.json: .*\/rules\/0\/reason: expected a reason/],
    [JSON.stringify({ ...BASE, id: 'default' }), /bad\.json: \/id: expected another one/],
    [`"${'x'.repeat(2 * 1024 * 1024)}"`, /bad\.json: \d+ bytes, the most is/],
  ])('does not start with %.40s', async (text, message) => {
    const folder = bench.folder()
    writeFileSync(join(folder, 'bad.json'), text)
    const starting = startCollector({
      store: join(folder, 'store'),
      port: 0,
      redactionPolicy: join(folder, 'bad.json'),
      log: () => undefined,
    })
    await expect(starting).rejects.toMatchObject({ code: 'invalid_option', message: expect.stringMatching(message) as string })
    mkdirSync(join(folder, 'store'))
  })
})

/** Ordinary words that no detector knows, wherever somebody's words can stand. */
function written(words: string): { traces: ReturnType<typeof groupOf>; logs: unknown } {
  const attributes: WireAttribute[] = [
    ['note', words],
    ['long', `${'padding '.repeat(100)}${words}`],
    ['list', { array: ['x', words] }],
    ['map', { kvlist: [['k', { array: [words] }]] }],
    ['bytes', { bytes: Buffer.from(words) }],
    ['gen_ai.prompt', words],
    ['gen_ai.input.messages', JSON.stringify([{ role: 'user', content: words }])],
    ['gen_ai.output.messages', { array: [{ kvlist: [['content', words]] }] }],
    ['gen_ai.request.stop_sequences', { array: [words] }],
    ['exception.message', words],
    ['exception.stacktrace', `Error: ${words}\n    at f (a.js:1)`],
    ['http.request.header.x', { array: [words] }],
    ['url.full', `https://host/${words}`],
    ['db.query.text', `select '${words}'`],
  ]
  const { mediaType, data } = encodeValue({ deep: [words, 1n] })
  const ours: WireAttribute[] = [
    [ATTR.kind, 'model'],
    [ATTR.runId, '1'.repeat(32)],
    [ATTR.input, JSON.stringify([{ messages: [{ content: words }] }])],
    [ATTR.output, { bytes: data as Uint8Array }],
    [ATTR.outputMediaType, mediaType],
    [ATTR.error, { bytes: Buffer.from(words) }],
  ]
  const span = (spanId: string, more: WireAttribute[]): ReturnType<typeof bareSpan> =>
    bareSpan({
      spanId,
      name: 'POST /chat',
      attributes: [...attributes, ...more, ['gen_ai.request.model', 'm-1'], ['gen_ai.usage.input_tokens', { int: 7n }]],
      events: [{ name: 'exception', timeNanos: 1n, attributes, droppedAttributes: 0 }],
      links: [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceState: '', attributes, droppedAttributes: 0, flags: 0 }],
      status: { code: 2, message: words },
    })
  const traces = groupOf([span('1'.repeat(16), []), span('2'.repeat(16), ours)]).map((group) => ({
    ...group,
    resource: { attributes: [['service.name', 'shop'] as const, ...attributes], droppedAttributes: 0 },
    scopeSpans: group.scopeSpans.map((scope) => ({ ...scope, scope: { name: 'lib', version: '1', attributes, droppedAttributes: 0 } })),
  }))
  const value = (text: string): object => ({ stringValue: text })
  const bodies = [value(words), { kvlistValue: { values: [{ key: 'k', value: value(words) }] } }, value(JSON.stringify({ said: words }))]
  const logRecords = bodies.map((body) => ({
    timeUnixNano: '1',
    severityText: 'INFO',
    body,
    attributes: [{ key: 'note', value: value(words) }],
  }))
  return { traces, logs: { resourceLogs: [{ resource: {}, scopeLogs: [{ logRecords }] }] } }
}

describe.each(['metadata-only', 'allowlist'] as const)('a collector in mode %s', (mode) => {
  it('keeps nothing of what was written, in no file and no forwarded byte', async () => {
    const words = 'violet heron under glass'
    const forwarded: Buffer[] = []
    const backend = await bench.backend((_request, body, response) => {
      forwarded.push(body)
      response.writeHead(200).end()
    })
    const folder = bench.folder()
    const rules = mode === 'allowlist' ? [{ path: '/**/role', action: 'keep' as const, reason: 'no content' }] : []
    const redactionPolicy: PolicyConfig = { ...BASE, mode, rules }
    const collector = await bench.collector({ store: join(folder, 'store'), forward: [backend.url], redactionPolicy })
    const { traces, logs } = written(words)
    for (const body of [writeTraces(traces), encodeTracesJson(traces)]) {
      const response = await post(collector, body, typeof body === 'string' ? JSON_TYPE : undefined)
      expect([response.status, await response.text()]).toEqual([200, expect.not.stringContaining(words) as string])
    }
    const response = await fetch(`${collector.url}/v1/logs`, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(logs) })
    expect(response.status).toBe(200)
    expect(collector.stats()).toMatchObject({ received: 7, accepted: 7 })
    expect(collector.stats().withheld['policy']).toBeGreaterThan(30)
    await collector.close()
    expect(filesWith(folder, words)).toEqual([])
    expect(Buffer.concat(forwarded).includes(words)).toBe(false)
    const { spans } = await readTape(join(folder, 'store'))
    expect(spans[0]?.core).toMatchObject({
      name: 'POST /chat',
      attributes: { 'gen_ai.request.model': 'm-1', 'gen_ai.usage.input_tokens': 7 },
      policy: { id: 'desk' },
    })
    expect(spans[0]?.core.attributes).not.toHaveProperty('note')
    expect(spans[0]?.core.payloads.find(({ role }) => role === '/attributes/note')).toMatchObject({ withheld: 'policy' })
    const messages = spans[0]?.core.payloads.find(({ role }) => role === '/attributes/gen_ai.input.messages')
    expect(messages?.withheld).toBe(mode === 'allowlist' ? undefined : 'policy')
  })
})

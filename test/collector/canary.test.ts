import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { encodeTracesJson, type WireAttribute, type WireResourceSpans, type WireValue } from '../../src/otlp/index.ts'
import { ATTR, MEDIA_TYPE } from '../../src/schemas/index.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { Bench, filesWith, JSON_TYPE, post, until } from './support.ts'

const bench = new Bench()
afterEach(async () => await bench.tearDown())

// Made up; the forms are those of the providers.
const SECRETS = {
  openai: 'sk-proj-A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0T3BlbkFJA1b2C3d4E5f6G7h8I9j0',
  anthropic: 'sk-ant-api03-A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0-AbCdEfGhAA',
  aws: 'AKIA2OGYBAH6STMMNXNN',
  jwt: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkphbmUifQ.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U',
  email: 'canary.jane.doe@example.org',
}

/** Every position in which a sender can put a string. */
function everywhere(secret: string): WireResourceSpans[] {
  const value = (text: string): WireAttribute[] => [
    ['plain', text],
    ['text', `before ${text} after`],
    [`key ${text}`, 'v'],
    ['long', `${'padding '.repeat(100)}${text}`],
    ['array', { array: ['x', text, { array: [text] }] }],
    [
      'kvlist',
      {
        kvlist: [
          ['k', text],
          [`k ${text}`, 'v'],
          ['deep', { kvlist: [['k', { array: [text] }]] }],
        ],
      },
    ],
    ['bytes', { bytes: Buffer.from(`bytes ${text}`) }],
    ['binary', { bytes: Buffer.concat([Buffer.from([0, 1, 255, 254, 10]), Buffer.from(`${text} `)]) }],
    ['json', JSON.stringify({ a: [{ b: text }] })],
    ['json in json', JSON.stringify({ a: JSON.stringify({ b: text }) })],
    ['gen_ai.input.messages', JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: text }] }])],
    ['gen_ai.output.messages', { array: [{ kvlist: [['content', text]] }] }],
    ['exception.stacktrace', `Error: ${text}\n    at f (a.js:1)`],
    ['url', `https://host/path?token=${text}&x=1`],
  ]
  const attributes = value(secret)
  const long: WireValue = JSON.stringify([
    { messages: Array.from({ length: 20 }, (_, index) => ({ role: 'user', content: `${index} ${'talk '.repeat(60)} ${secret}` })) },
  ])
  const span = (number: number, own: WireAttribute[] = [], name = `name ${secret}`): ReturnType<typeof bareSpan> =>
    bareSpan({
      spanId: number.toString(16).padStart(16, '0'),
      name,
      traceState: `v=${secret}`,
      attributes: [...attributes, ...own],
      events: [{ name: `event ${secret}`, timeNanos: 1n, attributes, droppedAttributes: 0 }],
      links: [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceState: `v=${secret}`, attributes, droppedAttributes: 0, flags: 0 }],
      status: { code: 2, message: `status ${secret}` },
    })
  const ours: WireAttribute[] = [
    [ATTR.kind, 'model'],
    [ATTR.operation, `op ${secret}`],
    [ATTR.stepName, `step ${secret}`],
    [ATTR.seed, `seed ${secret}`],
    [ATTR.cuts, JSON.stringify([{ what: `what ${secret}`, reason: `reason ${secret}`, count: 1 }])],
    [ATTR.input, long],
    [ATTR.output, JSON.stringify(secret)],
    [ATTR.error, { bytes: Buffer.from(`raw text ${secret}`) }],
  ]
  const rejected: WireAttribute[] = [[ATTR.kind, `nonsense ${secret}`]]
  const gap: WireAttribute[] = [
    [ATTR.gapReason, `gap ${secret}`],
    [ATTR.gapCount, { int: 1n }],
  ]
  const badType: WireAttribute[] = [
    [ATTR.kind, 'model'],
    [ATTR.input, '{}'],
    [ATTR.inputMediaType, MEDIA_TYPE.msgpack],
  ]
  const spans = [span(1), span(2, ours), span(3, rejected), span(4, gap), span(5, badType), span(6, [], `${secret} ${'n'.repeat(700)}`)]
  return groupOf(spans).map((group) => ({
    resource: {
      attributes: [...attributes, ['service.name', `svc ${secret}`], ['service.instance.id', `id ${secret}`]],
      droppedAttributes: 0,
    },
    schemaUrl: `http://schema/${secret}`,
    scopeSpans: group.scopeSpans.map((scope) => ({
      ...scope,
      schemaUrl: `http://schema/${secret}`,
      scope: { name: `scope ${secret}`, version: `1 ${secret}`, attributes, droppedAttributes: 0 },
    })),
  }))
}

describe.each(Object.entries(SECRETS))('a secret (%s) in every string of a request', (_rule, secret) => {
  it.each(['protobuf', 'json'] as const)('is in no file, no log line, no answer and no forwarded byte (%s)', async (encoding) => {
    const forwarded: Buffer[] = []
    const backend = await bench.backend((_request, body, response) => {
      forwarded.push(body)
      response.writeHead(200).end()
    })
    const folder = bench.folder()
    const collector = await bench.collector({ store: join(folder, 'store'), forward: [backend.url] })
    const groups = everywhere(secret)
    const response =
      encoding === 'json' ? await post(collector, encodeTracesJson(groups), JSON_TYPE) : await post(collector, writeTraces(groups))
    const answer = await response.text()
    expect(response.status).toBe(200)
    expect(collector.stats()).toMatchObject({ received: 6, accepted: 5, rejected: 1 })
    await until('the forwarder', () => collector.stats().forward[0]!.sentSpans === 4)

    // A malformed body that quotes the secret, and a path that does.
    const malformed = await (await post(collector, `{"resourceSpans":[{"x":"${secret}"`, JSON_TYPE)).text()
    const lost = await (await fetch(`${collector.url}/api/v1/runs?${encodeURIComponent(secret)}=1`)).text()
    const shown = await (await fetch(`${collector.url}/api/v1/runs`)).text()
    await collector.close()

    expect(filesWith(folder, secret)).toEqual([])
    for (const [place, text] of Object.entries({
      answer,
      malformed,
      lost,
      shown,
      log: bench.log.join('\n'),
      stats: JSON.stringify(collector.stats()),
    })) {
      expect(text.includes(secret), place).toBe(false)
    }
    const sent = Buffer.concat(forwarded)
    expect(sent.length).toBeGreaterThan(1_000)
    expect(sent.includes(secret)).toBe(false)
  })
})

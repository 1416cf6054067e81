import type { WireAttribute, WireResourceLogs, WireResourceSpans, WireValue } from '../../src/otlp/index.ts'
import { ATTR, encodeValue, MEDIA_TYPE } from '../../src/schemas/index.ts'
import { bareLog, bareSpan, groupOf } from '../otlp/helpers.ts'

/** Attributes in every form that a value can have. */
export function attributesWith(secret: string): WireAttribute[] {
  return [
    ['plain', secret],
    ['text', `before ${secret} after`],
    [`key ${secret}`, 'v'],
    ['long', `${'padding '.repeat(100)}${secret}`],
    ['array', { array: ['x', secret, { array: [secret] }] }],
    [
      'kvlist',
      {
        kvlist: [
          ['k', secret],
          [`k ${secret}`, 'v'],
          ['deep', { kvlist: [['k', { array: [secret] }]] }],
        ],
      },
    ],
    ['bytes', { bytes: Buffer.from(`bytes ${secret}`) }],
    ['binary', { bytes: Buffer.concat([Buffer.from([0, 1, 255, 254, 10]), Buffer.from(`${secret} `)]) }],
    ['json', JSON.stringify({ a: [{ b: secret, [secret]: 1 }] })],
    ['json in json', JSON.stringify({ a: JSON.stringify({ b: JSON.stringify([secret]) }) })],
    ['base64', Buffer.from(`user data: ${secret}, end of data`).toString('base64')],
    ['data url', `data:text/plain;base64,${Buffer.from(`user data: ${secret}, end of data`).toString('base64')}`],
    ['form', `a=1&token=${encodeURIComponent(secret)}&b=2`],
    ['event stream', `data: {"delta":"${secret}"}\n\ndata: [DONE]\n\n`],
    ['markdown', `Use this:\n\n\`\`\`sh\nexport KEY=${secret}\n\`\`\`\n`],
    ['diff', `@@ -1 +1 @@\n-old\n+key: ${secret}\n`],
    ['baggage', `user=${secret},tenant=7`],
    ['http.request.header.authorization', { array: [`Bearer ${secret}`] }],
    ['gen_ai.input.messages', JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: secret }] }])],
    ['gen_ai.output.messages', { array: [{ kvlist: [['content', secret]] }] }],
    ['gen_ai.tool.call.arguments', JSON.stringify({ arguments: JSON.stringify({ to: secret }) })],
    ['exception.message', `cannot reach ${secret}`],
    ['exception.stacktrace', `Error: ${secret}\n    at f (a.js:1)`],
    ['url', `https://host/path?token=${secret}&x=1`],
  ]
}

/** Every place of a request in which a sender can put a string: some of its spans are kept, one is rejected. */
export function tracesWith(secret: string): WireResourceSpans[] {
  const attributes = attributesWith(secret)
  const long: WireValue = JSON.stringify([
    { messages: Array.from({ length: 20 }, (_, index) => ({ role: 'user', content: `${index} ${'talk '.repeat(60)} ${secret}` })) },
  ])
  const half = Math.floor(secret.length / 2)
  const chunks = JSON.stringify([secret.slice(0, half), secret.slice(half), ' and on'].map((content) => ({ delta: { content } })))
  const { mediaType, data } = encodeValue(new Map<unknown, unknown>([[secret, [new Error(`failed for ${secret}`), 1n]]]))
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
    [ATTR.output, chunks],
    [ATTR.error, { bytes: Buffer.from(`raw text ${secret}`) }],
  ]
  const values: WireAttribute[] = [
    [ATTR.kind, 'tool'],
    [ATTR.input, { bytes: data as Uint8Array }],
    [ATTR.inputMediaType, mediaType],
    [ATTR.output, { bytes: Buffer.from(`page: ${secret}`) }],
    [ATTR.outputMediaType, 'text/html'],
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
  const spans = [
    span(1),
    span(2, ours),
    span(3, values),
    span(4, rejected),
    span(5, gap),
    span(6, badType),
    span(7, [], `${secret} ${'n'.repeat(700)}`),
  ]
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

export function logsWith(secret: string): WireResourceLogs[] {
  const attributes = attributesWith(secret)
  const bodies: WireValue[] = [
    secret,
    `a line with ${secret} in it`,
    JSON.stringify({ level: 'info', user: secret }),
    { kvlist: attributes.map(([key, value]) => [key, value] as const) },
    { array: [secret, { bytes: Buffer.from(secret) }] },
    { bytes: Buffer.from(`bytes ${secret}`) },
  ]
  const logRecords = bodies.map((body) => bareLog({ body, attributes, severityText: `INFO ${secret}`, eventName: `event ${secret}` }))
  const scope = { name: `scope ${secret}`, version: `1 ${secret}`, attributes, droppedAttributes: 0 }
  return [
    {
      resource: { attributes: [...attributes, ['service.name', `svc ${secret}`]], droppedAttributes: 0 },
      schemaUrl: `http://schema/${secret}`,
      scopeLogs: [{ scope, schemaUrl: `http://schema/${secret}`, logRecords }],
    },
  ]
}

/** A key of a known format, another one for each number. */
export function secretOf(number: number): string {
  let state = (number + 1) * 2654435761
  let text = ''
  while (text.length < 40) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    text += 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'[state % 62]
  }
  return `sk-proj-${text}T3BlbkFJ${text.split('').reverse().join('')}`
}

/** An address, another one for each number. */
export const addressOf = (number: number): string => `canary.number${number}.of.many@northwind-labs.com`

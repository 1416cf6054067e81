import { createHash } from 'node:crypto'
import { TraceWriter } from '../../src/otlp/index.ts'
import { prose } from '../capture/cases.ts'

/** Ids that differ for every body and repeat from run to run. */
function id(bytes: number, ...parts: readonly (string | number)[]): string {
  return createHash('sha256')
    .update(parts.join('/'))
    .digest('hex')
    .slice(0, bytes * 2)
}

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** As providers make the ids of their answers: letters and digits of no order. `mark` stands in the middle of it. */
function answerId(mark: string, ...parts: readonly (string | number)[]): string {
  const letters = Array.from(Buffer.from(id(20, ...parts), 'hex'), (byte) => BASE62[byte % 62]).join('')
  return `chatcmpl-${letters.slice(0, 8)}${mark}${letters.slice(8)}`
}

/**
 * One OTLP protobuf body of GenAI spans of about 2 KiB each: 14 attributes, a prompt and a completion of their own, every
 * twentieth with an e-mail address or a key to redact.
 */
export function genAiBody(body: number, spans: number, salt: string, mark = '', idMark = ''): Uint8Array {
  const writer = new TraceWriter()
  writer.startResource({
    attributes: [
      ['service.name', 'bench-agent'],
      ['service.version', '1.2.3'],
      ['host.name', 'bench'],
      ['process.pid', { int: 4242n }],
    ],
    droppedAttributes: 0,
  })
  writer.startScope({ name: 'bench', version: '1.0.0', attributes: [], droppedAttributes: 0 })
  const start = 1_790_000_000_000_000_000n
  for (let index = 0; index < spans; index++) {
    const seed = body * spans + index
    const secret =
      index % 20 === 0 ? ` write to user${seed}@example.org` : index % 20 === 10 ? ` key AKIA${id(8, salt, seed).toUpperCase()}` : ''
    const at = start + BigInt(seed) * 1_000_000n
    writer.addSpan({
      traceId: id(16, salt, body, Math.floor(index / 25)),
      spanId: id(8, salt, body, index),
      parentSpanId: index % 25 === 0 ? '' : id(8, salt, body, index - (index % 25)),
      traceState: '',
      flags: 257,
      name: 'chat gpt-4o-mini',
      kind: 3,
      startNanos: at,
      endNanos: at + 412_345_678n,
      attributes: [
        ['gen_ai.operation.name', 'chat'],
        ['gen_ai.provider.name', 'openai'],
        ['gen_ai.request.model', 'gpt-4o-mini'],
        ['gen_ai.response.model', 'gpt-4o-mini-2024-07-18'],
        ['gen_ai.response.id', answerId(idMark, salt, seed)],
        ['gen_ai.request.temperature', 0.7],
        ['gen_ai.request.max_tokens', { int: 1024n }],
        ['gen_ai.usage.input_tokens', { int: BigInt(200 + (seed % 100)) }],
        ['gen_ai.usage.output_tokens', { int: BigInt(100 + (seed % 50)) }],
        ['server.address', 'api.openai.com'],
        ['server.port', { int: 443n }],
        ['gen_ai.conversation.id', id(8, salt, body, Math.floor(index / 25))],
        ['gen_ai.input.messages', JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: mark + prose(780, seed) + secret }] }])],
        [
          'gen_ai.output.messages',
          JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: mark + prose(620, seed + 1) }], finish_reason: 'stop' }]),
        ],
      ],
      droppedAttributes: 0,
      events: [],
      droppedEvents: 0,
      links: [],
      droppedLinks: 0,
      status: { code: 0, message: '' },
    })
  }
  return writer.finish()
}

const MARK = '#mark:00000000;'
const MARK_DIGITS_AT = '#mark:'.length
const ID_MARK = 'Idmark00'

/**
 * A body that becomes another one at each send, at the cost of a few writes: other traces, other texts, other ids of answers, so that no
 * span and no payload was seen before.
 */
export class VaryingBody {
  readonly spans: number
  readonly #body: Buffer
  readonly #marks: number[] = []
  readonly #traces: number[] = []
  readonly #ids: number[] = []

  constructor(body: number, spans: number, salt: string) {
    this.spans = spans
    this.#body = Buffer.from(genAiBody(body, spans, salt, MARK, ID_MARK))
    for (let at = this.#body.indexOf(MARK); at >= 0; at = this.#body.indexOf(MARK, at + 1)) this.#marks.push(at + MARK_DIGITS_AT)
    for (let at = this.#body.indexOf(ID_MARK); at >= 0; at = this.#body.indexOf(ID_MARK, at + 1)) this.#ids.push(at)
    for (let trace = 0; trace * 25 < spans; trace++) {
      const bytes = Buffer.from(id(16, salt, body, trace), 'hex')
      for (let at = this.#body.indexOf(bytes); at >= 0; at = this.#body.indexOf(bytes, at + 1)) this.#traces.push(at)
    }
    if (this.#marks.length !== spans * 2 || this.#traces.length !== spans || this.#ids.length !== spans)
      throw new Error('the marks of the body are not where they should be')
  }

  /** The body as number `count`, below 2^32; valid until the next call. */
  next(count: number): Uint8Array {
    const digits = count.toString(16).padStart(8, '0')
    for (const at of this.#marks) this.#body.write(digits, at, 'latin1')
    for (const at of this.#traces) this.#body.writeUInt32BE(count, at)
    for (const at of this.#ids) this.#writeId(count, at)
    return this.#body
  }

  #writeId(count: number, at: number): void {
    // Multiplied, so that neighbours differ in all places.
    let left = Math.imul(count + 1, 0x9e3779b1) ^ Math.imul(at, 0x85ebca6b)
    for (let place = 0; place < ID_MARK.length; place++) {
      left = Math.imul(left ^ (left >>> 15), 0x2c1b3c6d)
      this.#body[at + place] = BASE62.charCodeAt((left >>> 8) % 62)
    }
  }
}

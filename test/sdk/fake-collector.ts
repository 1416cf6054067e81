import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type DecodedTraces, decodeTraces, isWireBytes, isWireText, textOf, type WireSpan, type WireValue } from '../../src/otlp/index.ts'
import { ATTR, decodeValue, MEDIA_TYPE } from '../../src/schemas/index.ts'

type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void

export interface FakeCollector {
  readonly url: string
  readonly requests: {
    readonly method: string
    readonly url: string
    readonly headers: IncomingMessage['headers']
    readonly bodyBytes: number
  }[]
  readonly spans: WireSpan[]
  readonly batches: DecodedTraces[]
  /** Answers POST /v1/traces in its place, for as long as it is set. */
  answer: Answer | undefined
  close(): Promise<void>
}

/** A collector of a test: says it is Reprise (or not), decodes what comes with the real decoder, acknowledges. */
export async function startFakeCollector({ reprise = true, port = 0 } = {}): Promise<FakeCollector> {
  const collector: Omit<FakeCollector, 'url' | 'close'> = { requests: [], spans: [], batches: [], answer: undefined }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      collector.requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, bodyBytes: body.length })
      if (request.method === 'GET' && request.url === '/api/v1/version' && reprise) {
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end('{"schema":"reprise.version/1","name":"reprise","version":"0.0.0"}')
      } else if (request.method === 'POST' && request.url === '/v1/traces') {
        if (collector.answer !== undefined) return collector.answer(request, response, body)
        const encoding = request.headers['content-type']?.includes('json') === true ? 'json' : 'protobuf'
        const decoded = decodeTraces(body, encoding)
        collector.batches.push(decoded)
        for (const { scopeSpans } of decoded.resourceSpans) for (const { spans } of scopeSpans) collector.spans.push(...spans)
        response.writeHead(200, { 'content-type': request.headers['content-type'] ?? '' }).end(encoding === 'json' ? '{}' : '')
      } else response.writeHead(404).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo
  return Object.assign(collector, {
    url: `http://127.0.0.1:${address.port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

/** The attributes of a span as plain values: text, numbers, booleans, arrays. */
export function attributesOf(span: Pick<WireSpan, 'attributes'>): Record<string, unknown> {
  return Object.fromEntries(span.attributes.map(([key, value]) => [key, plainOf(value)]))
}

function plainOf(value: WireValue): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (isWireText(value)) return textOf(value)
  if (isWireBytes(value)) return value.bytes
  if ('int' in value) return Number(value.int)
  if ('array' in value) return value.array.map(plainOf)
  return value.kvlist.map(([key, held]) => [key, plainOf(held)])
}

/** A span as the tests speak of it. */
export interface SeenStep {
  readonly span: WireSpan
  readonly attributes: Record<string, unknown>
  readonly kind: unknown
  readonly name: unknown
  readonly sequence: number
  readonly pending: boolean
  readonly input: unknown
  readonly output: unknown
  readonly error: unknown
}

function payloadOf(attributes: Record<string, unknown>, key: string, mediaTypeKey: string): unknown {
  const data = attributes[key]
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) return undefined
  const mediaType = String(attributes[mediaTypeKey] ?? MEDIA_TYPE.json)
  return mediaType === MEDIA_TYPE.json || mediaType === MEDIA_TYPE.msgpack ? decodeValue(mediaType, data) : data
}

export function stepOf(span: WireSpan): SeenStep {
  const attributes = attributesOf(span)
  return {
    span,
    attributes,
    kind: attributes[ATTR.kind],
    name: attributes[ATTR.stepName],
    sequence: Number(attributes[ATTR.sequence]),
    pending: attributes[ATTR.pending] === true,
    input: payloadOf(attributes, ATTR.input, ATTR.inputMediaType),
    output: payloadOf(attributes, ATTR.output, ATTR.outputMediaType),
    error: payloadOf(attributes, ATTR.error, ATTR.errorMediaType),
  }
}

/** The finished steps in call order. */
export function stepsOf(collector: FakeCollector): SeenStep[] {
  return collector.spans
    .map(stepOf)
    .filter(({ pending }) => !pending)
    .sort((left, right) => left.sequence - right.sequence)
}

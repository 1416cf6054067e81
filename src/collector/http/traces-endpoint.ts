import type { IncomingMessage, ServerResponse } from 'node:http'
import { type DecodedTraces, decodeTraces, encodeExportResponse, encodeStatus, type OtlpEncoding } from '../../otlp/index.ts'
import type { Redactor } from '../../redaction/index.ts'
import { RepriseError } from '../../schemas/index.ts'
import type { Store } from '../../store/index.ts'
import type { Counters } from '../counters.ts'
import type { Logger } from '../log.ts'
import { type PrepareContext, type PreparedTraces, prepareSteps } from '../pipeline/prepare.ts'
import { Turn } from '../turn.ts'
import type { ByteBudget, Reservation } from './byte-budget.ts'
import { ByteGate } from './byte-gate.ts'
import { CONTENT_ENCODINGS, contentEncodingOf, type Inflater } from './inflate.ts'
import { Rejections } from './partial-success.ts'
import { type BodyLimits, readBody, SenderGone } from './read-body.ts'
import { overloaded, Refusal, RPC, unavailable } from './refusal.ts'

export interface TracesEndpointOptions {
  readonly store: Store
  readonly redactor: Redactor
  readonly prepare: PrepareContext
  readonly limits: BodyLimits
  readonly budget: ByteBudget
  readonly inflater: Inflater
  readonly counters: Counters
  readonly log: Logger
  /** True from the moment that `close()` is called. */
  readonly isClosing: () => boolean
}

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

const CONTENT_TYPE: Readonly<Record<OtlpEncoding, string>> = { protobuf: 'application/x-protobuf', json: 'application/json' }

function encodingOf(header: string | undefined): OtlpEncoding | undefined {
  const type = header?.split(';', 1)[0]?.trim().toLowerCase()
  return type === 'application/x-protobuf' || type === 'application/protobuf'
    ? 'protobuf'
    : type === 'application/json'
      ? 'json'
      : undefined
}

/** Bodies whose spans are decoded at the same time. */
const WORK_MAX_BYTES = 4 * 1024 * 1024

/** `POST /v1/traces`: answered with 200 only when every span it keeps is on the disk. */
export function createTracesEndpoint(options: TracesEndpointOptions): RequestHandler {
  const { store, redactor, counters, log } = options
  const gate = new ByteGate(WORK_MAX_BYTES)

  async function keep(part: PreparedTraces): Promise<void> {
    counters.received += part.records.length + part.rejected.length
    counters.rejected += part.rejected.length
    counters.redactions.addAll(part.redactions)
    counters.withheld.addAll(part.withheld)
    const withheld = Object.values(part.withheld).reduce((sum, count) => sum + count, 0)
    if (withheld > 0) log.warn('content-withheld', { contents: withheld })
    if (part.records.length === 0) return
    try {
      await store.append({ records: part.records, blobs: part.blobs })
      counters.storeFailure = undefined
      counters.accepted += part.records.length
    } catch (error) {
      counters.storeFailure = RepriseError.isInstance(error) ? error.code : 'internal'
      counters.refused += part.records.length
      log.warn('store-refused', { code: counters.storeFailure, spans: part.records.length })
      throw unavailable('store_refused', 'the store cannot take spans now; try again later', 5)
    }
  }

  /** Stores the spans, a large request in parts. When a part is refused the request is, and sending it again harms nothing. */
  async function take(decoded: DecodedTraces): Promise<{ rejectedSpans: number; errorMessage: string }> {
    counters.received += decoded.rejected.length
    counters.rejected += decoded.rejected.length
    const rejections = new Rejections()
    rejections.add(decoded.rejected)
    const steps = prepareSteps(decoded, options.prepare)
    const turn = new Turn()
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.value !== undefined) {
        await keep(step.value)
        rejections.add(step.value.rejected)
      }
      if (step.done === true) break
      if (turn.over) await turn.giveWay()
    }
    if (rejections.count > 0) log.warn('spans-rejected', { spans: rejections.count })
    return { rejectedSpans: rejections.count, errorMessage: rejections.describe(redactor) }
  }

  async function receive(
    request: IncomingMessage,
    response: ServerResponse,
    encoding: OtlpEncoding,
    reservation: Reservation,
  ): Promise<void> {
    const contentEncoding = contentEncodingOf(request.headers['content-encoding'])
    if (options.isClosing()) throw unavailable('closing', 'the collector is closing', 1)
    if (request.headers.expect !== undefined) response.writeContinue()
    const wire = await readBody(request, options.limits, reservation)
    counters.wireBytes += wire.length
    let answer = { rejectedSpans: 0, errorMessage: '' }
    if (wire.length > 0) {
      const body = await options.inflater.inflate(wire, contentEncoding)
      // Inflated bytes count as long as the spans are held; a body that is refused here was worked on in vain, but bounded.
      if (!reservation.growTo(body.length + (body === wire ? 0 : wire.length))) throw overloaded()
      counters.decodedBytes += body.length
      answer = await gate.run(body.length, async () => await take(decodeTraces(body, encoding)))
    }
    send(response, 200, encoding, encodeExportResponse(encoding, answer))
  }

  return async (request, response) => {
    counters.requests++
    const encoding = encodingOf(request.headers['content-type'])
    const reservation = options.budget.open()
    try {
      if (request.method !== 'POST') {
        throw new Refusal(405, RPC.unimplemented, 'method', `expected POST, got ${String(request.method)}`, { Allow: 'POST' })
      }
      if (encoding === undefined) {
        throw new Refusal(415, RPC.unimplemented, 'content_type', 'Content-Type: expected application/x-protobuf or application/json', {
          Accept: 'application/x-protobuf, application/json',
          'Accept-Encoding': CONTENT_ENCODINGS.join(', '),
        })
      }
      await receive(request, response, encoding, reservation)
    } catch (error) {
      if (error instanceof SenderGone) {
        counters.turnedAway.add('sender_gone')
        return
      }
      const refusal = refusalOf(error)
      counters.turnedAway.add(refusal.reason)
      // Not the message: it can speak of the body.
      log.warn('request-refused', { status: refusal.status, reason: refusal.reason })
      refuse(request, response, encoding ?? 'json', refusal)
    } finally {
      reservation.release()
    }
  }
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (RepriseError.isInstance(error)) {
    if (error.code === 'malformed_body') return new Refusal(400, RPC.invalidArgument, 'malformed_body', error.message)
    if (error.code === 'limit_exceeded') return new Refusal(413, RPC.invalidArgument, 'limit_exceeded', error.message)
  }
  return new Refusal(500, RPC.internal, 'internal', 'the collector failed on this request; nothing of it was kept')
}

function send(
  response: ServerResponse,
  status: number,
  encoding: OtlpEncoding,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, { 'Content-Type': CONTENT_TYPE[encoding], 'Content-Length': body.length, ...headers })
  response.end(body)
}

/** How much of a body that is not wanted is still taken in, so that its sender reads the answer instead of a reset. */
const UNWANTED_MAX_BYTES = 8 * 1024 * 1024
const UNWANTED_MAX_MILLIS = 5_000

/** Answers with a google.rpc.Status and lets go of what is still being sent, within bounds. */
export function refuse(request: IncomingMessage, response: ServerResponse, encoding: OtlpEncoding, refusal: Refusal): void {
  const { expect, 'content-length': announced = '0', 'transfer-encoding': chunked } = request.headers
  // After it the connection can serve the next request only if the rest of this one is sure to come, and soon.
  const close = expect !== undefined || chunked !== undefined || Number(announced) > UNWANTED_MAX_BYTES
  send(response, refusal.status, encoding, encodeStatus(encoding, refusal.rpcCode, refusal.message), {
    ...refusal.headers,
    ...(close && { Connection: 'close' }),
  })
  if (request.complete) return
  let bytes = 0
  const end = (): void => void request.destroy()
  const timer = setTimeout(end, UNWANTED_MAX_MILLIS)
  timer.unref()
  const settle = (): void => clearTimeout(timer)
  request
    .on('end', settle)
    .on('close', settle)
    .on('error', () => undefined)
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > UNWANTED_MAX_BYTES) end()
  })
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { encodeExportResponse, encodeLogsResponse, encodeStatus, type OtlpEncoding } from '../../otlp/index.ts'
import type { Counters } from '../counters.ts'
import type { Logger } from '../log.ts'
import type { Intake, IntakeOutcome } from '../pipeline/intake.ts'
import type { Signal } from '../pipeline/signals.ts'
import type { ByteBudget, Reservation } from './byte-budget.ts'
import { CONTENT_ENCODINGS, contentEncodingOf } from './inflate.ts'
import { type BodyLimits, readBody, releaseChunk, SenderGone } from './read-body.ts'
import { Refusal, RPC, refusalOf, unavailable } from './refusal.ts'
import { SlowBodies } from './slow-bodies.ts'

export interface OtlpEndpointOptions {
  readonly signal: Signal
  readonly intake: Intake
  readonly limits: BodyLimits
  readonly budget: ByteBudget
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

/** The body of an answer that says yes, with what cannot be kept. */
export function encodeOutcome(signal: Signal, encoding: OtlpEncoding, { rejected, errorMessage }: IntakeOutcome): Uint8Array {
  switch (signal) {
    case 'traces':
      return encodeExportResponse(encoding, { rejectedSpans: rejected, errorMessage })
    case 'logs':
      return encodeLogsResponse(encoding, { rejectedLogRecords: rejected, errorMessage })
  }
}

/** `POST /v1/traces` and the like: answered with 200 only when every record it keeps is on the disk. */
export function createOtlpEndpoint(options: OtlpEndpointOptions): RequestHandler {
  const { signal, intake, counters, log } = options
  const limits = { ...options.limits, slow: new SlowBodies(options.budget) }

  async function receive(
    request: IncomingMessage,
    response: ServerResponse,
    encoding: OtlpEncoding,
    reservation: Reservation,
  ): Promise<void> {
    const contentEncoding = contentEncodingOf(request.headers['content-encoding'])
    if (options.isClosing()) throw unavailable('closing', 'the collector is closing', 1)
    const body = await readBody(request, limits, reservation, {
      spare: intake.spareBuffers,
      onAdmitted: () => {
        if (request.headers.expect !== undefined) response.writeContinue()
      },
    })
    send(response, 200, encoding, encodeOutcome(signal, encoding, await intake.take({ signal, encoding, contentEncoding, body })))
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

function send(
  response: ServerResponse,
  status: number,
  encoding: OtlpEncoding,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, { 'Content-Type': CONTENT_TYPE[encoding], 'Content-Length': body.length, ...headers })
  // Head and body would be two pieces for the socket, even where the second is empty.
  if (body.length === 0) response.end()
  else response.end(body)
}

/** How much of a body that is not wanted is still taken in, so that its sender reads the answer instead of a reset. */
const UNWANTED_MAX_BYTES = 8 * 1024 * 1024
const UNWANTED_MAX_MILLIS = 5_000
const UNWANTED_PAUSE_MILLIS = 500

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
  // Who sends more than can be taken is slowed down by its own full socket: taking the rest in only to let go of it would
  // cost those who are served.
  let held = refusal.status !== 429
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    releaseChunk(chunk)
    if (bytes > UNWANTED_MAX_BYTES) end()
    else if (!held) {
      held = true
      request.pause()
      setTimeout(() => request.resume(), UNWANTED_PAUSE_MILLIS).unref()
    }
  })
}

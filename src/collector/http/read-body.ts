import type { IncomingMessage } from 'node:http'
import { SpareBuffers } from '../../store/index.ts'
import type { Reservation } from './byte-budget.ts'
import { overloaded, Refusal, RPC, tooLarge } from './refusal.ts'
import type { SlowBodies } from './slow-bodies.ts'

export interface BodyLimits {
  readonly maxBytes: number
  /** Longest silence of the sender. */
  readonly idleTimeoutMillis: number
  readonly slow?: SlowBodies
}

interface ReadBodyOptions {
  readonly spare?: SpareBuffers
  /** Called when nothing speaks against the body any more, before its first byte is waited for. */
  readonly onAdmitted?: () => void
}

/** The sender went away in the middle; there is nobody to answer. */
export class SenderGone extends Error {}

/**
 * Reads a request body within its limits. The sender controls Content-Length, so it is only used to turn a request away
 * early, and believed while the bytes come; what counts is those. (That they are as many as announced is seen to by Node's parser.)
 */
export async function readBody(
  request: IncomingMessage,
  limits: BodyLimits,
  reservation: Reservation,
  { spare = NO_SPARE, onAdmitted }: ReadBodyOptions = {},
): Promise<Buffer> {
  const coding = request.headers['transfer-encoding']
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked')
    throw new Refusal(501, RPC.unimplemented, 'transfer_encoding', 'Transfer-Encoding: expected chunked alone')
  const announced = request.headers['content-length']
  const announcedBytes = announced === undefined ? undefined : Number(announced)
  if (announcedBytes !== undefined && announcedBytes > limits.maxBytes) throw tooLarge('the request body', limits.maxBytes)
  if (!reservation.growTo(Math.max(announcedBytes ?? 0, REQUEST_MIN_BYTES))) throw overloaded()
  onAdmitted?.()
  return await new Promise<Buffer>((resolve, reject) => {
    const body = new GrowingBody(announcedBytes, spare)
    const timer = setTimeout(() => {
      const seconds = limits.idleTimeoutMillis / 1000
      fail(new Refusal(408, RPC.deadlineExceeded, 'body_timeout', `no byte of the request body came for ${seconds} s`))
    }, limits.idleTimeoutMillis)
    const finish = (settle: () => void): void => {
      clearTimeout(timer)
      unwatch?.()
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone)
      // What still comes is let go of; an error on the way out has nobody to tell.
      request.on('error', () => undefined)
      settle()
    }
    const fail = (error: Error): void => {
      finish(() => reject(error))
      body.giveUp()
    }
    const onData = (chunk: Buffer): void => {
      timer.refresh()
      const size = body.length + chunk.length
      if (size > limits.maxBytes) fail(tooLarge('the request body', limits.maxBytes))
      else if (!reservation.growTo(size)) fail(overloaded())
      else body.add(chunk)
    }
    const onEnd = (): void => finish(() => resolve(body.finish()))
    const onGone = (): void => fail(new SenderGone())
    const unwatch = limits.slow?.watch({ reservation, receivedBytes: () => body.length, refuse: fail })
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone)
  })
}

const NO_SPARE = new SpareBuffers(0)
/** What a request takes besides its body. */
const REQUEST_MIN_BYTES = 4 * 1024
const START_BYTES = 64 * 1024
/** A sender says how long its body is; memory of more than this is taken only for bytes that have come. */
const TRUSTED_MAX_BYTES = 2 * 1024 * 1024

/**
 * Gives a chunk back that has been copied or is not wanted. It is memory of its own, of which the collector of garbage sees
 * little until there is very much of it.
 */
export function releaseChunk(chunk: Buffer): void {
  const { buffer } = chunk
  if (chunk.length === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0)
}

/** Puts chunks together in one buffer of its own, which can be handed to another thread. */
class GrowingBody {
  #buffer: Buffer
  #length = 0
  readonly #spare: SpareBuffers

  constructor(announcedBytes: number | undefined, spare: SpareBuffers) {
    const bytes = announcedBytes === undefined ? START_BYTES : Math.min(announcedBytes, TRUSTED_MAX_BYTES)
    const found = spare.take(bytes)
    this.#buffer = found === undefined ? Buffer.allocUnsafeSlow(bytes) : Buffer.from(found)
    this.#spare = spare
  }

  get length(): number {
    return this.#length
  }

  add(chunk: Buffer): void {
    const needed = this.#length + chunk.length
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.giveUp()
      this.#buffer = larger
    }
    this.#length += chunk.copy(this.#buffer, this.#length)
    releaseChunk(chunk)
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  /** What came is not wanted any more. */
  giveUp(): void {
    if (this.#buffer.buffer instanceof ArrayBuffer) this.#spare.give(this.#buffer.buffer)
  }
}

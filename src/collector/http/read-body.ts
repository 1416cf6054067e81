import type { IncomingMessage } from 'node:http'
import type { Reservation } from './byte-budget.ts'
import { overloaded, Refusal, RPC, tooLarge } from './refusal.ts'

export interface BodyLimits {
  readonly maxBytes: number
  /** Longest silence of the sender. */
  readonly idleTimeoutMillis: number
}

/** The sender went away in the middle; there is nobody to answer. */
export class SenderGone extends Error {}

/**
 * Reads a request body within its limits. The sender controls Content-Length, so it is only used to turn a request away
 * early; what counts is the bytes that come. (That they are as many as announced is seen to by Node's parser.)
 */
export async function readBody(request: IncomingMessage, limits: BodyLimits, reservation: Reservation): Promise<Buffer> {
  const announced = request.headers['content-length']
  if (announced !== undefined && Number(announced) > limits.maxBytes) throw tooLarge('the request body', limits.maxBytes)
  if (announced !== undefined && !reservation.growTo(Number(announced))) throw overloaded()
  return await new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const timer = setTimeout(() => {
      const seconds = limits.idleTimeoutMillis / 1000
      finish(() => reject(new Refusal(408, RPC.deadlineExceeded, 'body_timeout', `no byte of the request body came for ${seconds} s`)))
    }, limits.idleTimeoutMillis)
    const finish = (settle: () => void): void => {
      clearTimeout(timer)
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone)
      // What still comes is let go of; an error on the way out has nobody to tell.
      request.on('error', () => undefined)
      settle()
    }
    const onData = (chunk: Buffer): void => {
      timer.refresh()
      size += chunk.length
      if (size > limits.maxBytes) finish(() => reject(tooLarge('the request body', limits.maxBytes)))
      else if (!reservation.growTo(size)) finish(() => reject(overloaded()))
      else chunks.push(chunk)
    }
    const onEnd = (): void => finish(() => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)))
    const onGone = (): void => finish(() => reject(new SenderGone()))
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone)
  })
}

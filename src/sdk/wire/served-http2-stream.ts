import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2'
import type { WireHead } from './exchange.ts'
import { headersObject } from './http2-headers.ts'
import type { ServedExchange } from './served.ts'

// HTTP/2 (RFC 9113): errors that end a stream without an error of its own, and flags of a frame of headers.
const NO_ERROR = 0
const CANCEL = 8
const END_STREAM = 1
const END_HEADERS = 4

let lastId = -1

/** A stream of a client that no session carries: takes what the program writes, and is given what it reads. */
export function servedStream(sentHeaders: OutgoingHttpHeaders, session: unknown): ClientHttp2Stream {
  // It is there when somebody makes a request; this file is loaded before.
  const { Duplex } = process.getBuiltinModule('node:stream')
  const stream = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() })
  const state = { rstCode: NO_ERROR, aborted: false }
  const id = (lastId += 2)
  const own = {
    id,
    session,
    sentHeaders,
    pending: false,
    endAfterHeaders: false,
    scheme: sentHeaders[':scheme'],
    setTimeout(_millis: number, onTimeout?: () => void): typeof stream {
      if (onTimeout !== undefined) stream.once('timeout', onTimeout)
      return stream
    },
    priority() {},
    sendTrailers() {},
    close(code: number = NO_ERROR, onClose?: () => void): void {
      if (onClose !== undefined) stream.once('close', onClose)
      if (stream.destroyed) return
      state.rstCode = code
      if (!stream.writableEnded) {
        state.aborted = true
        stream.emit('aborted')
        stream.end()
      }
      if (code !== NO_ERROR) {
        stream.destroy(code === CANCEL ? undefined : streamError(code))
        return
      }
      if (stream.readableEnded) {
        stream.destroy()
        return
      }
      stream.push(null)
      // What nobody reads ends all the same.
      if (stream.readableFlowing === null && stream.listenerCount('readable') === 0) stream.resume()
    },
  }
  Object.assign(stream, own)
  Object.defineProperties(stream, { rstCode: { get: () => state.rstCode }, aborted: { get: () => state.aborted } })
  return stream as typeof stream & typeof own & ClientHttp2Stream
}

function streamError(code: number): Error {
  return Object.assign(new Error(`Stream closed with error code ${code}`), { code: 'ERR_HTTP2_STREAM_ERROR' })
}

/** Gives a stream its answer. Never rejects. */
export async function answerStream(stream: ClientHttp2Stream, exchange: ServedExchange): Promise<void> {
  let over = false
  stream.once('close', () => {
    if (over) return
    exchange.abort(new Error('the stream was closed by the program'))
    exchange.leave()
  })
  const fail = (error: unknown): void => {
    over = true
    if (exchange.timedOut) stream.emit('timeout')
    if (!stream.destroyed) stream.destroy(error instanceof Error ? error : new Error(String(error)))
  }
  let head: WireHead
  try {
    head = await exchange.head
  } catch (error) {
    return fail(error)
  }
  if (stream.destroyed) return
  const raw = [':status', String(head.status), ...head.headers.flat()]
  stream.emit('response', headersObject(head.status, head.headers), head.hasBody ? END_HEADERS : END_HEADERS | END_STREAM, raw)
  try {
    for (let taken = 0; ; taken++) {
      // The program closes the stream when it leaves.
      if (taken === exchange.leftAfter) return
      const chunk = await exchange.pull()
      if (stream.destroyed || stream.readableEnded) return
      if (chunk === undefined) break
      if (chunk.length > 0) stream.push(Buffer.from(chunk))
    }
    over = true
    stream.push(null)
  } catch (error) {
    fail(error)
  }
}

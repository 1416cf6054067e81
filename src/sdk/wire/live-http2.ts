import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import type { InterceptedOutcome } from '../calls/interceptor.ts'
import type { WireHead } from './exchange.ts'
import { pairsOfHeaders } from './http2-headers.ts'
import type { ServedExchange } from './served.ts'

/** An exchange that is made after all, on a real stream, for a request whose program reads from a served one. */
export function liveHttp2Exchange(
  stream: ClientHttp2Stream,
  body: Uint8Array,
  onEnd: (outcome: InterceptedOutcome) => void,
): ServedExchange {
  const head = new Promise<IncomingHttpHeaders>((resolve, reject) => {
    stream.once('response', resolve).once('error', reject)
  }).then(
    (headers): WireHead => {
      const status = Number(headers[':status'] ?? 0)
      onEnd({ ok: true, value: status })
      return { status, statusText: '', headers: pairsOfHeaders(headers), url: undefined, hasBody: true }
    },
    (error: unknown) => {
      onEnd({ ok: false, error })
      throw error
    },
  )
  head.catch(() => undefined)
  let chunks: AsyncIterator<Uint8Array, undefined> | undefined
  if (!stream.writableEnded) stream.end(body)
  return {
    head,
    timedOut: false,
    leftAfter: undefined,
    pull: async () => {
      await head
      chunks ??= stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>
      return (await chunks.next()).value
    },
    leave: () => void stream.destroy(),
    abort: () => void stream.destroy(),
  }
}

import type { ClientRequest, IncomingMessage } from 'node:http'
import type { InterceptedOutcome } from '../calls/interceptor.ts'
import type { WireHead } from './exchange.ts'
import { pairsOf, readArguments } from './http-arguments.ts'
import type { ServedExchange } from './served.ts'

/** Of one connection, or made anew by who serves the exchange. */
const HOP_HEADERS: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length'])

/** An exchange that is made after all: with the network, for a request whose program talks to a served socket. */
export function liveExchange(
  real: (...args: unknown[]) => ClientRequest,
  args: readonly unknown[],
  body: Uint8Array,
  onEnd: (outcome: InterceptedOutcome) => void,
): ServedExchange {
  const { options } = readArguments(args)
  const request = real(options)
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject)
  })
  const head = answer.then(
    (response): WireHead => {
      onEnd({ ok: true, value: response.statusCode })
      const headers = pairsOf(response.rawHeaders).filter(([name]) => !HOP_HEADERS.has(name.toLowerCase()))
      return { status: response.statusCode ?? 0, statusText: response.statusMessage ?? '', headers, url: undefined, hasBody: true }
    },
    (error: unknown) => {
      onEnd({ ok: false, error })
      throw error
    },
  )
  const chunks = answer.then((response) => response[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>)
  chunks.catch(() => undefined)
  request.end(body)
  return {
    head,
    timedOut: false,
    leftAfter: undefined,
    pull: async () => (await (await chunks).next()).value,
    leave: () => void request.destroy(),
    abort: () => void request.destroy(),
  }
}

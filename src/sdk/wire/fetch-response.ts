import type { Outcome } from '../calls/outcome.ts'
import type { WireHead } from './exchange.ts'
import type { ServedExchange } from './served.ts'

/** Fetch standard, 2.2.3: a response of such a status has no body, and cannot be constructed with one. */
const NULL_BODY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304])

export function headOf(response: Response): WireHead {
  return {
    status: response.status,
    statusText: response.statusText,
    headers: [...response.headers],
    url: response.redirected ? response.url : undefined,
    hasBody: response.body !== null,
  }
}

/** Whether a response with this status can be made anew. */
export function canDress(status: number): boolean {
  return status >= 200 && status <= 599 && !NULL_BODY.has(status)
}

/** What of a response no constructor takes. */
interface Dress {
  readonly url: string
  readonly redirected: boolean
  readonly type: Response['type']
}

/**
 * A response like `original`, whose body is read when it is read itself. Not before: undici gives back the connection of a response that
 * nobody reads and nobody holds.
 */
export function watchedResponse(original: Response, outcome: Outcome): Response {
  const { status, statusText, headers, url, redirected, type } = original
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  const body = new ReadableStream(
    {
      type: 'bytes',
      async pull(controller) {
        reader ??= (original.body as ReadableStream<Uint8Array>).getReader()
        const { done, value } = await readWatched(reader, outcome)
        if (!done) return controller.enqueue(value as Uint8Array<ArrayBuffer>)
        controller.close()
        controller.byobRequest?.respond(0)
      },
      cancel(reason) {
        outcome.endStream('cancelled')
        return outcome.within(async () => await (reader ?? original.body)?.cancel(reason))
      },
    },
    { highWaterMark: 0 },
  )
  const response = dressed(new Response(body, { status, statusText, headers }), { url, redirected, type })
  originals.set(response, original)
  return response
}

/** Undici cancels the body of a response that is collected. */
const originals = new WeakMap<Response, Response>()

type ReadResult = { readonly done: false; readonly value: Uint8Array<ArrayBuffer> } | { readonly done: true; readonly value?: undefined }

async function readWatched(reader: ReadableStreamDefaultReader<Uint8Array>, outcome: Outcome): Promise<ReadResult> {
  try {
    const result = (await outcome.within(() => reader.read())) as ReadResult
    outcome.delivered()
    if (result.done) outcome.endStream('done')
    else outcome.chunk(result.value)
    return result
  } catch (error) {
    outcome.delivered()
    outcome.endStream('error', error)
    throw error
  }
}

function dressed(response: Response, dress: Dress): Response {
  const clone = (): Response => dressed(Response.prototype.clone.call(response), dress)
  for (const [name, value] of Object.entries({ ...dress, clone }))
    Object.defineProperty(response, name, { value, configurable: true, enumerable: false, writable: true })
  return response
}

/** The response of an exchange that is served, to a request for `url`. */
export function servedResponse(head: WireHead, exchange: ServedExchange, url: string, signal: AbortSignal | undefined): Response {
  const { status, statusText } = head
  const body = head.hasBody && canDress(status) ? servedBody(exchange, signal) : null
  const response = new Response(body, {
    status: Math.min(Math.max(status, 200), 599),
    statusText,
    headers: (head.shownHeaders ?? head.headers).map(([...pair]) => pair),
  })
  return dressed(response, { url: head.url ?? url, redirected: head.url !== undefined, type: 'basic' })
}

function servedBody(exchange: ServedExchange, signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      for (;;) {
        const chunk = await exchange.pull()
        if (signal?.aborted === true && chunk === undefined) throw signal.reason
        if (chunk === undefined) {
          controller.close()
          controller.byobRequest?.respond(0)
          return
        }
        // A byte stream takes no empty chunk.
        if (chunk.length === 0) continue
        controller.enqueue(Uint8Array.from(chunk))
        return
      }
    },
    cancel: () => exchange.leave(),
  })
}

import { TextEncoder, types } from 'node:util'
import type { HeaderPair } from './headers.ts'
import type { FormField, RequestBody } from './request.ts'

export type FetchInput = Parameters<typeof fetch>[0]
export type FetchInit = Parameters<typeof fetch>[1]

/** A call of `fetch` as far as it can be read without changing it. */
export interface FetchRequest {
  readonly method: string
  readonly url: URL
  readonly headers: readonly HeaderPair[]
  readonly signal: AbortSignal | undefined
  readonly body: FetchBody
}

export type FetchBody =
  | { readonly how: 'known'; readonly value: RequestBody }
  /** Has to be read; that takes nothing from the program. */
  | { readonly how: 'copy'; read(maxBytes: number): Promise<RequestBody> }
  /** Can be read once: by whoever sends it. */
  | { readonly how: 'stream'; readonly source: ReadableStream<Uint8Array> | AsyncIterable<unknown> }

/** Whether it is an HTTP request that is asked for. Never throws: what cannot be read is for fetch itself to refuse. */
export function isExchange(input: FetchInput): boolean {
  try {
    const href = input instanceof Request ? input.url : String(input)
    return /^https?:/i.test(href) || /^https?:$/.test(URL.parse(href)?.protocol ?? '')
  } catch {
    return false
  }
}

/** Undefined for what is no HTTP request, and what fetch itself will refuse. Throws whatever the program's own getters throw. */
export function readFetch(input: FetchInput, init: FetchInit): FetchRequest | undefined {
  const request = input instanceof Request ? input : undefined
  const href = request?.url ?? String(input)
  const url = URL.parse(href)
  if (url === null) return undefined
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
  const given: unknown = init?.headers ?? request?.headers
  // An iterator can be read once, and not by us.
  const headers = isOneShot(given) ? [] : [...new Headers(given as ConstructorParameters<typeof Headers>[0])]
  const signal = init?.signal ?? request?.signal
  return {
    method: init?.method ?? request?.method ?? 'GET',
    url,
    headers,
    signal: signal instanceof AbortSignal ? signal : undefined,
    body: sentBody(init?.body ?? undefined, request, init?.body != null),
  }
}

function isOneShot(headers: unknown): boolean {
  if (typeof headers !== 'object' || headers === null || headers instanceof Headers || Array.isArray(headers)) return false
  return 'next' in headers
}

function sentBody(body: unknown, request: Request | undefined, isOwn: boolean): FetchBody {
  if (!isOwn) {
    if (request?.body == null || request.bodyUsed) return { how: 'known', value: undefined }
    const copy = request.clone()
    return { how: 'copy', read: (maxBytes) => readSome(copy.body, maxBytes) }
  }
  return bodyOf(body)
}

/** A body as fetch and undici take it. */
export function bodyOf(body: unknown): FetchBody {
  if (body == null) return { how: 'known', value: undefined }
  if (typeof body === 'string' || types.isUint8Array(body)) return { how: 'known', value: copied(body) }
  if (body instanceof URLSearchParams) return { how: 'known', value: [...body] }
  if (types.isAnyArrayBuffer(body)) return { how: 'known', value: Uint8Array.from(new Uint8Array(body)) }
  if (ArrayBuffer.isView(body))
    return { how: 'known', value: Uint8Array.from(new Uint8Array(body.buffer, body.byteOffset, body.byteLength)) }
  if (body instanceof Blob) return { how: 'copy', read: (maxBytes) => readSome(body.stream(), maxBytes) }
  if (body instanceof FormData) return { how: 'copy', read: (maxBytes) => readForm(body, maxBytes) }
  if (body instanceof ReadableStream) return { how: 'stream', source: body as ReadableStream<Uint8Array> }
  if (typeof body === 'object' && body !== null && Symbol.asyncIterator in body)
    return { how: 'stream', source: body as AsyncIterable<unknown> }
  return { how: 'known', value: String(body) }
}

function copied(body: string | Uint8Array): string | Uint8Array {
  return typeof body === 'string' ? body : Uint8Array.from(body)
}

async function readForm(form: FormData, maxBytes: number): Promise<readonly FormField[]> {
  const fields: FormField[] = []
  for (const [name, value] of form) {
    if (typeof value === 'string') fields.push([name, value])
    else fields.push([name, { filename: value.name, type: value.type, size: value.size, bytes: await readSome(value.stream(), maxBytes) }])
  }
  return fields
}

/** The bytes of a stream, as far as the bound goes; one byte more tells that there were more. */
async function readSome(stream: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<Uint8Array> {
  const kept = new KeptBytes(maxBytes)
  const reader = stream?.getReader()
  while (reader !== undefined) {
    const { done, value } = await reader.read()
    if (done) break
    kept.add(value)
    if (kept.isFull) {
      await reader.cancel()
      break
    }
  }
  return kept.bytes()
}

/** Bytes that come by, up to one more than a bound: the snapshot, whose bound it is, then says that it cut them. */
export class KeptBytes {
  readonly #maxBytes: number
  readonly #chunks: Uint8Array[] = []
  #length = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get isFull(): boolean {
    return this.#length > this.#maxBytes
  }

  add(value: unknown): void {
    if (this.isFull) return
    const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
    if (!types.isUint8Array(bytes)) return
    const taken = Uint8Array.from(bytes.subarray(0, this.#maxBytes + 1 - this.#length))
    this.#length += taken.length
    this.#chunks.push(taken)
  }

  bytes(): Uint8Array {
    return Uint8Array.from(Buffer.concat(this.#chunks))
  }
}

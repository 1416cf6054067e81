import type { Readable } from 'node:stream'
import { bodyOf, type FetchBody, KeptBytes } from './fetch-request.ts'
import type { HeaderPair } from './headers.ts'
import { pairsOf } from './http-arguments.ts'
import type { RequestBody } from './request.ts'
import { shadow } from './written-body.ts'

/** What undici's dispatchers are told of a request, in any of its versions. */
export interface DispatchOptions {
  readonly origin?: string | URL
  readonly path?: string
  readonly method?: string
  readonly headers?: unknown
  readonly body?: unknown
  readonly query?: Readonly<Record<string, unknown>>
  readonly upgrade?: unknown
}

interface DispatchTarget {
  readonly method: string
  readonly url: URL
  readonly headers: readonly HeaderPair[]
}

/** Undefined for what is no exchange of a request and an answer, and for what undici will refuse. */
export function readDispatch(dispatcher: object, options: DispatchOptions): DispatchTarget | undefined {
  const { path = '/', method = 'GET', query, upgrade } = options
  if (method === 'CONNECT' || (upgrade !== undefined && upgrade !== null && upgrade !== false)) return undefined
  const href = /^https?:/i.test(path) ? path : `${originOf(dispatcher, options) ?? ''}${path}`
  if (!URL.canParse(href)) return undefined
  const url = new URL(href)
  for (const [name, value] of Object.entries(query ?? {})) for (const each of [value].flat()) url.searchParams.append(name, String(each))
  return { method, url, headers: headersOf(options.headers) }
}

/** A client or pool has one origin, under a symbol of its own. */
function originOf(dispatcher: object, { origin }: DispatchOptions): string | undefined {
  if (origin !== undefined) return new URL(origin).origin
  const key = Object.getOwnPropertySymbols(dispatcher).find(({ description }) => description === 'url')
  const url: unknown = key === undefined ? undefined : Reflect.get(dispatcher, key)
  return url instanceof URL ? url.origin : undefined
}

function headersOf(headers: unknown): HeaderPair[] {
  if (typeof headers !== 'object' || headers === null || 'next' in headers) return []
  if (Array.isArray(headers)) {
    const list = headers as unknown[]
    return list.every(Array.isArray) ? list.flatMap(([name, value]) => pairs(String(name), value)) : pairsOf(list.map(String))
  }
  const entries = Symbol.iterator in headers ? [...(headers as Iterable<[string, unknown]>)] : Object.entries(headers)
  return entries.flatMap(([name, value]) => pairs(String(name), value))
}

function pairs(name: string, value: unknown): HeaderPair[] {
  return [value ?? []].flat().map((each): HeaderPair => [name, String(each)])
}

/** Body of a request; a stream of Node's is watched where it is, and told of as far as it has been read. */
export function sentBodyOf(body: unknown, maxBytes: number): FetchBody | { readonly how: 'watched'; read(): RequestBody } {
  if (!isNodeStream(body)) return bodyOf(body)
  const kept = new KeptBytes(maxBytes)
  const { emit } = body
  shadow(body, 'emit', (...args: unknown[]) => {
    if (args[0] === 'data') kept.add(args[1])
    return Reflect.apply(emit, body, args)
  })
  return { how: 'watched', read: () => kept.bytes() }
}

function isNodeStream(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && 'pipe' in body && 'emit' in body && typeof body.emit === 'function'
}

/** Headers of a response as undici 7 and later give them. */
export function pairsOfObject(headers: unknown): HeaderPair[] {
  if (Array.isArray(headers)) return pairsOf(headers as (string | Uint8Array)[])
  return typeof headers === 'object' && headers !== null ? Object.entries(headers).flatMap(([name, value]) => pairs(name, value)) : []
}

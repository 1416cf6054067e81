import { charsetOf, decodeText, isJsonType, typeOf } from './body-text.ts'
import { type HeaderPair, isCredentialField, keptRequestHeaders, keptUrl } from './headers.ts'
import { exactJson } from './json-text.ts'

/** A field of a form: its value, or what was told of a file. */
export type FormField = readonly [name: string, value: unknown]

/** What a request carries, as far as it can be known; a list for a form. */
export type RequestBody = string | Uint8Array | readonly FormField[] | undefined

/** A request as it is kept and matched: what is not in it makes no difference. */
export interface KeptRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly text?: string
  readonly bytes?: Uint8Array
  readonly form?: readonly FormField[]
}

/** Larger bodies are kept, as far as bounds allow, and not parsed. */
const PARSED_MAX_UNITS = 4 * 1024 * 1024

export function keptRequest(method: string, url: URL, headers: Iterable<HeaderPair>, body: RequestBody): KeptRequest {
  const kept = keptRequestHeaders(headers)
  const contentType = kept['content-type']
  const boundary = /^multipart\/.*;\s*boundary="?([^\s;"]+)/i.exec(contentType ?? '')?.[1]
  // Made up anew each time.
  if (boundary !== undefined && contentType !== undefined) kept['content-type'] = typeOf(contentType)
  return { method: method.toUpperCase(), url: keptUrl(url), headers: kept, ...bodyOf(body, contentType, boundary) }
}

function bodyOf(body: RequestBody, contentType: string | undefined, boundary: string | undefined): Partial<KeptRequest> {
  if (body === undefined) return {}
  if (Array.isArray(body)) return { form: (body as readonly FormField[]).map(withoutCredential) }
  const text = typeof body === 'string' ? body : decodeText([body as Uint8Array], contentType)?.text
  if (text === undefined) return { bytes: body as Uint8Array }
  const type = typeOf(contentType)
  if (boundary !== undefined) return { text: text.replaceAll(boundary, 'boundary') }
  if (text.length > PARSED_MAX_UNITS) return { text }
  if (type === 'application/x-www-form-urlencoded') return { form: [...new URLSearchParams(text)].map(withoutCredential) }
  const json = isJsonType(type) || (type === '' && charsetOf(contentType) === 'utf-8') ? exactJson(text) : undefined
  return json === undefined ? { text } : { json }
}

function withoutCredential([name, value]: FormField): FormField {
  return [name, isCredentialField(name) ? '' : value]
}

/** What the step is called: the host too where it is a name; an address may be redacted, and a name is matched as it is. */
export function exchangeName(method: string, url: URL): string {
  const { hostname } = url
  return /^[a-z][a-z.-]{0,59}$/.test(hostname) ? `${method.toUpperCase()} ${hostname}` : method.toUpperCase()
}

/** RFC 9110 section 9.2.1. */
export function isSafeMethod(method: string): boolean {
  return /^(?:GET|HEAD|OPTIONS|TRACE)$/i.test(method)
}

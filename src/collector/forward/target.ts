import { networkInterfaces } from 'node:os'
import { RepriseError } from '../../schemas/index.ts'
import { type ForwardTarget, isLoopbackHost } from '../options.ts'

const TRACES_PATH = '/v1/traces'
const LOGS_PATH = '/v1/logs'

export interface Destination {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** Origin and path, fit for logs and status: a query may hold a key. */
  readonly label: string
  /** Names the destination's cursor. */
  readonly key: string
}

export interface Destinations {
  readonly traces: Destination
  /** Undefined for a URL that names `/v1/traces`: who writes that down means spans alone. */
  readonly logs: Destination | undefined
}

/**
 * Where to send to. A base URL gets `/v1/traces` and `/v1/logs`, as the OTLP exporter specification has it.
 * @throws RepriseError `invalid_option`; the message never repeats the URL, which may hold credentials
 */
export function parseForwardTarget(target: ForwardTarget): Destinations {
  const fail = (what: string): RepriseError => new RepriseError('invalid_option', `forward: expected ${what}`)
  let url: URL
  try {
    url = new URL(target.url)
  } catch {
    throw fail('an http or https URL, such as http://backend:4318')
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw fail('an http or https URL, such as http://backend:4318')
  if (url.username !== '' || url.password !== '') throw fail('a URL without user information; put credentials into the forward headers')
  url.hash = ''
  const path = url.pathname.replace(/\/+$/, '')
  const headers = target.headers ?? {}
  if (path.endsWith(TRACES_PATH)) return { traces: destinationOf(url, path, headers), logs: undefined }
  return { traces: destinationOf(url, `${path}${TRACES_PATH}`, headers), logs: destinationOf(url, `${path}${LOGS_PATH}`, headers) }
}

function destinationOf(base: URL, path: string, headers: Readonly<Record<string, string>>): Destination {
  const url = new URL(base)
  url.pathname = path
  const label = `${url.origin}${url.pathname}`
  return { url, headers, label, key: url.search === '' ? label : `${label}${url.search}` }
}

/** @throws RepriseError `invalid_option` when the destination is the collector itself: it would feed itself for ever */
export function refuseOwnAddress({ url }: Destination, own: { host: string; port: number }): void {
  const port = Number(url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port)
  if (port !== own.port) return
  const bare = (host: string): string => host.replace(/^\[|\]$/g, '').toLowerCase()
  const host = bare(url.hostname)
  const everywhere = own.host === '0.0.0.0' || bare(own.host) === '::'
  const ownAddresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address.toLowerCase()))
  const toLoopback = isLoopbackHost(host) || host === '0.0.0.0' || host === '::'
  if (host === bare(own.host) || (everywhere && ownAddresses.includes(host)) || (toLoopback && (everywhere || isLoopbackHost(own.host)))) {
    throw new RepriseError('invalid_option', 'forward: the destination is this collector itself')
  }
}

import type { IncomingMessage } from 'node:http'

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]', 'host.docker.internal']

/** The name before the port; the whole where it is not a name and a port. */
function hostNameOf(header: string): string {
  const lower = header.toLowerCase()
  return /^(\[[^\]]*\]|[^:[\]]*):[0-9]*$/.exec(lower)?.[1] ?? lower
}

export interface HostPolicy {
  /** Undefined when the request may be answered, else why not. A request target may name an authority, too. */
  check(request: IncomingMessage, authority?: string): string | undefined
  /** Whether a Host header, or the authority of a gRPC call, names this collector. No browser speaks gRPC as we do. */
  allows(authority: string): boolean
}

/**
 * Loopback is no wall: a page in the operator's browser can point a name of its own at 127.0.0.1 (DNS rebinding) and send
 * requests here. The page cannot choose the Host header, so only known names are answered, and nothing that a browser
 * marks as coming from another site. Bound to all interfaces on purpose, any name may be ours.
 */
export function createHostPolicy(options: { host: string; anyHost: boolean; allowedHosts: readonly string[] }): HostPolicy {
  const bound = options.host.includes(':') ? `[${options.host}]` : options.host
  const known = new Set([...LOOPBACK_NAMES, bound, ...options.allowedHosts].map((name) => name.toLowerCase()))
  const allows = (authority: string): boolean => options.anyHost || known.has(hostNameOf(authority))
  return {
    allows,
    check(request, authority) {
      const { host, origin } = request.headers
      const site = request.headers['sec-fetch-site']
      if (host === undefined) return 'the request has no Host header'
      if (!allows(host)) return 'the Host header names none of the names of this collector'
      if (authority !== undefined && !allows(authority)) return 'the request target names none of the names of this collector'
      if (site === 'cross-site' || site === 'same-site') return 'requests from pages of another origin are not answered'
      if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
        return 'requests from pages of another origin are not answered'
      }
      return undefined
    },
  }
}

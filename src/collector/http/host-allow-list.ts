import type { IncomingMessage } from 'node:http'

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]', 'host.docker.internal']

function hostNameOf(header: string): string {
  const lower = header.toLowerCase()
  const end = lower.startsWith('[') ? lower.indexOf(']') + 1 : lower.indexOf(':')
  return end > 0 ? lower.slice(0, end) : lower
}

export interface HostPolicy {
  /** Undefined when the request may be answered, else why not. */
  check(request: IncomingMessage): string | undefined
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
    check(request) {
      const { host, origin } = request.headers
      const site = request.headers['sec-fetch-site']
      if (host === undefined) return 'the request has no Host header'
      if (!allows(host)) return 'the Host header names none of the names of this collector'
      if (site === 'cross-site' || site === 'same-site') return 'requests from pages of another origin are not answered'
      if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
        return 'requests from pages of another origin are not answered'
      }
      return undefined
    },
  }
}

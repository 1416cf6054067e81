/** Whether a target, an address, a name or an origin, with or without a port, is on a list of hosts, with or without a port. */
export function isAllowed(allow: readonly string[] | undefined, target: string): boolean {
  if (allow === undefined || allow.length === 0) return false
  const { host, port } = partsOf(target)
  return allow.some((entry) => {
    const allowed = partsOf(entry)
    return allowed.host === host && (allowed.port === '' || port === '' || allowed.port === port)
  })
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }

function partsOf(text: string): { host: string; port: string } {
  if (text.includes('://') && URL.canParse(text)) {
    const { protocol, hostname, port } = new URL(text)
    return { host: bare(hostname), port: port === '' ? (DEFAULT_PORTS[protocol] ?? '') : port }
  }
  // A lone IPv6 address has more colons than one.
  const found = /^(\[.*\]|[^:]*):(\d+)$/.exec(text)
  // As net writes the targets of its own: an address with colons, then the port.
  const tail = found ?? /^(.*:.*:.*):(\d+)$/.exec(text.startsWith('[') ? '' : text)
  return tail === null ? { host: bare(text), port: '' } : { host: bare(tail[1] ?? ''), port: tail[2] ?? '' }
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '').toLowerCase()
}

import dgram from 'node:dgram'
import dns from 'node:dns'
import net from 'node:net'
import { isClientSocket } from '../../sdk/wire/index.ts'
import { type Denial, guardMethods, type Undo } from './methods.ts'
import { isWatchedAlone, type Watcher } from './watch.ts'

// Not imported: Node would load the whole client behind `fetch` for it, whose classes are exported there, too.
const http = process.getBuiltinModule('node:http')

/** Sockets that were allowed to connect may be written to. */
const connected = new WeakSet<object>()

/** Sockets, HTTP over them, datagrams, names and `fetch`. */
export function guardSockets(): Undo {
  const lookups = ['lookupService', 'resolve', 'reverse', ...Object.keys(dns).filter((name) => /^resolve[A-Z0-9]/.test(name))]
  const undo = [
    guardMethods(net.Socket.prototype, ['connect'], 'net.Socket.', CONNECT),
    guardMethods(http.Agent.prototype, ['addRequest'], 'http.Agent.', REQUEST),
    // A pool of another client's hands out connections that were open before.
    guardMethods(net.Socket.prototype, ['write', 'end'], 'net.Socket.', WRITE),
    guardMethods(dgram.Socket.prototype, ['send', 'connect', 'bind'], 'dgram.Socket.', DATAGRAM),
    guardMethods(globalThis, ['fetch'], '', FETCH),
    guardMethods(dns, ['lookup'], 'dns.', { ...LOOKUP, concerns: isOfName }),
    guardMethods(dns.promises, ['lookup'], 'dns.promises.', { ...PROMISED_LOOKUP, concerns: isOfName }),
    guardMethods(dns, lookups, 'dns.', LOOKUP),
    guardMethods(dns.Resolver.prototype, lookups, 'dns.Resolver.', LOOKUP),
    guardMethods(dns.promises, lookups, 'dns.promises.', PROMISED_LOOKUP),
    guardMethods(dns.promises.Resolver.prototype, lookups, 'dns.promises.Resolver.', PROMISED_LOOKUP),
  ]
  return () => {
    for (const restore of undo.reverse()) restore()
  }
}

const CONNECT: Denial = {
  target: (_self, args) => connectTarget(args),
  deny(self, _args, error) {
    if (self instanceof net.Socket) self.destroy(error)
    return self
  },
  allowed: (self) => void connected.add(self as object),
}

const REQUEST: Denial = {
  target: (_self, [, options]) => connectTarget([options]),
  deny(_self, [request], error) {
    // A request that waits for its socket hears of an error through the socket's arrival alone.
    if (request instanceof http.ClientRequest) Reflect.apply(request.onSocket, request.destroy(error), [null, error])
  },
}

const WRITE: Denial = {
  target: (self) => {
    if (!(self instanceof net.Socket)) return ''
    return self.remoteAddress === undefined ? 'a Unix socket' : `${self.remoteAddress}:${self.remotePort ?? ''}`
  },
  deny(self, args, error) {
    tellCallback(args, error)
    if (self instanceof net.Socket) self.destroy(error)
    return false
  },
  concerns: (self) => hasPeer(self) && !connected.has(self as object),
}

/**
 * Whether a socket is connected to another machine, or a port of this one: not a terminal, nor a pipe to a child process. Where the
 * whole process is watched, its servers may answer.
 */
function hasPeer(self: unknown): boolean {
  if (!(self instanceof net.Socket) || self.destroyed) return false
  // Without an address: a Unix socket, where a client opened it.
  if (self.remoteAddress === undefined && !isClientSocket(self)) return false
  return isWatchedAlone() || !('server' in self) || self.server === null || self.server === undefined
}

const DATAGRAM: Denial = {
  target: datagramTarget,
  deny(self, args, error) {
    if (!tellCallback(args, error) && self instanceof dgram.Socket) process.nextTick(() => self.emit('error', error))
    return self
  },
}

const FETCH: Denial = {
  target(_self, [input]) {
    // The query may hold a key.
    return URL.parse(hrefOf(input))?.origin ?? 'an unknown address'
  },
  deny: (_self, _args, error) => Promise.reject(new TypeError('fetch failed', { cause: error })),
  // `data:` and `blob:` need no socket, and what is no address is refused by fetch itself.
  concerns: (_self, watcher, [input]) => /^https?:$/.test(URL.parse(hrefOf(input))?.protocol ?? '') && watcher.isAnswered?.() !== true,
}

function hrefOf(input: unknown): string {
  return input instanceof Request ? input.url : String(input)
}

const LOOKUP: Denial = {
  target: (_self, args) => String(args[0]),
  deny(_self, args, error) {
    if (!tellCallback(args, error)) throw error
  },
}

const PROMISED_LOOKUP: Denial = {
  target: (_self, args) => String(args[0]),
  deny: (_self, _args, error) => Promise.reject(error),
}

/** Nobody is asked for the address of an address: it comes so when a server is to listen there. */
function isOfName(_self: unknown, _watcher: Watcher, [host]: unknown[]): boolean {
  return net.isIP(String(host)) === 0
}

function tellCallback(args: unknown[], error: unknown): boolean {
  const callback = args.at(-1)
  if (typeof callback !== 'function') return false
  process.nextTick(callback as (error: unknown) => void, error)
  return true
}

/** `send` takes (message, [offset, length,] port, address), `connect` and `bind` (port, address), `bind` (options), too. */
function datagramTarget(_self: unknown, args: unknown[]): string {
  const [first] = args
  const isOptions = typeof first === 'object' && first !== null && 'port' in first
  const { port, address } = isOptions ? (first as { port?: unknown; address?: unknown }) : datagramPlace(args)
  if (port === undefined && address === undefined) return 'datagram socket'
  return `${typeof address === 'string' ? address : 'localhost'}:${String(port ?? '')}`
}

function datagramPlace(args: unknown[]): { port?: unknown; address?: unknown } {
  const place = typeof args[0] === 'number' ? args : args.slice(1)
  const address = place.findIndex((arg) => typeof arg !== 'number')
  const numbers = address < 0 ? place : place.slice(0, address)
  // Two alone are where the message stands in its buffer: the socket is connected.
  return { port: numbers.length === 2 ? undefined : numbers.at(-1), address: place.find((arg) => typeof arg === 'string') }
}

/** `connect` takes (options), (port, host) or (path); net passes its own normalized array. */
function connectTarget(args: unknown[]): string {
  const first = Array.isArray(args[0]) ? (args[0] as unknown[])[0] : args[0]
  if (typeof first === 'object' && first !== null) {
    const { host, hostname, port, path, socketPath } = first as Record<string, unknown>
    if (port === undefined || port === null) return String(socketPath ?? path ?? 'an unknown address')
    return `${String(host ?? hostname ?? 'localhost')}:${String(port)}`
  }
  return typeof first === 'number' ? `${typeof args[1] === 'string' ? args[1] : 'localhost'}:${first}` : String(first)
}

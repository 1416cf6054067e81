import { AsyncLocalStorage } from 'node:async_hooks'
import dgram from 'node:dgram'
import dns from 'node:dns'
import http from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import type { RepriseError } from '../schemas/index.ts'
import { hookState } from '../sdk/effects/index.ts'
import { isWireAnswered } from '../sdk/wire/index.ts'
import { watchUnrecorded } from './unrecorded-io.ts'

/** Told of each attempt to reach the network from within the replay. Returns the error that the attempt fails with. */
export interface SocketWatcher {
  denied(attempt: { readonly api: string; readonly target: string; readonly frame: string | undefined }): RepriseError
  /** Told of each call that goes to the machine unrecorded and is let through: a file, a child process, a worker thread. */
  unrecorded?(api: string): void
}

const watchers = new AsyncLocalStorage<SocketWatcher | undefined>()
let installed: (() => void) | undefined
let users = 0

/**
 * Runs `fn` so that nothing in its async context opens a socket, sends a datagram, resolves a name or reuses a pooled
 * connection. The rest of the process is not affected. The returned function takes the guard away.
 *
 * Not a sandbox: child processes, worker threads, native code and connections handed over from elsewhere are not covered.
 */
export function runGuarded<T>(watcher: SocketWatcher, fn: () => T): { result: T; release: () => void } {
  if (users++ === 0) installed = install()
  let released = false
  const release = (): void => {
    if (released) return
    released = true
    if (--users > 0) return
    installed?.()
    installed = undefined
  }
  try {
    return { result: watchers.run(watcher, fn), release }
  } catch (error) {
    release()
    throw error
  }
}

/** Within the guard: `fn` is not denied anything. */
export function runUnguarded<T>(fn: () => T): T {
  return watchers.run(undefined, fn)
}

type Method = (this: unknown, ...args: unknown[]) => unknown
type Deny = (self: unknown, args: unknown[], attempt: (target: string) => RepriseError) => unknown

function install(): () => void {
  const undo: (() => void)[] = []
  const guard = (owner: object, names: readonly string[], label: string, deny: Deny, concerns?: (self: unknown) => boolean): void => {
    for (const name of names) {
      const original: unknown = Reflect.get(owner, name)
      if (typeof original !== 'function') continue
      undo.push(replaceMethod(owner, name, guarded(original as Method, `${label}${name}`, deny, concerns)))
    }
  }
  guard(net.Socket.prototype, ['connect'], 'net.Socket.', denyConnect)
  guard(http.Agent.prototype, ['addRequest'], 'http.Agent.', denyRequest)
  // A pool of another client's hands out connections that were open before.
  guard(net.Socket.prototype, ['write', 'end'], 'net.Socket.', denyWrite, hasPeer)
  guard(dgram.Socket.prototype, ['send', 'connect', 'bind'], 'dgram.Socket.', denyDatagram)
  // What is answered from a recording opens no socket.
  guard(globalThis, ['fetch'], '', denyFetch, () => !isWireAnswered())
  const lookups = ['lookup', 'lookupService', 'resolve', 'reverse', ...Object.keys(dns).filter((name) => /^resolve[A-Z0-9]/.test(name))]
  guard(dns, lookups, 'dns.', denyCallback)
  guard(dns.Resolver.prototype, lookups, 'dns.Resolver.', denyCallback)
  guard(dns.promises, lookups, 'dns.promises.', denyPromise)
  guard(dns.promises.Resolver.prototype, lookups, 'dns.promises.Resolver.', denyPromise)
  const unwatch = watchUnrecorded(
    (owner, name, wrap) => {
      const original: unknown = Reflect.get(owner, name)
      if (typeof original === 'function') undo.push(replaceMethod(owner, name, wrap(original as Method)))
    },
    (api) => {
      // What we read of the recording meanwhile is not the program's.
      if (hookState.suspended === 0) watchers.getStore()?.unrecorded?.(api)
    },
  )
  undo.push(unwatch)
  // Names imported from built-in modules are bindings of their own.
  syncBuiltinESMExports()
  return () => {
    for (const restore of undo.reverse()) restore()
    syncBuiltinESMExports()
  }
}

function guarded(original: Method, api: string, deny: Deny, concerns?: (self: unknown) => boolean): Method {
  return function (this: unknown, ...args: unknown[]): unknown {
    const watcher = watchers.getStore()
    if (watcher === undefined || concerns?.(this) === false) return Reflect.apply(original, this, args)
    return deny(this, args, (target) => watcher.denied({ api, target, frame: userFrame(deepStack()) }))
  }
}

function replaceMethod(owner: object, name: string, replacement: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, name)
  Object.defineProperty(owner, name, { value: replacement, configurable: true, writable: true, enumerable: before?.enumerable ?? true })
  return () => {
    if (before === undefined) Reflect.deleteProperty(owner, name)
    else Object.defineProperty(owner, name, before)
  }
}

function denyConnect(self: unknown, args: unknown[], attempt: (target: string) => RepriseError): unknown {
  const error = attempt(connectTarget(args))
  if (self instanceof net.Socket) self.destroy(error)
  return self
}

function denyRequest(_self: unknown, [request, options]: unknown[], attempt: (target: string) => RepriseError): unknown {
  const error = attempt(connectTarget([options]))
  // A request that waits for its socket hears of an error through the socket's arrival alone.
  if (request instanceof http.ClientRequest) Reflect.apply(request.onSocket, request.destroy(error), [null, error])
  return undefined
}

/** Whether a socket is connected to another machine, or a port of this one: not a terminal, nor a pipe to a child process. */
function hasPeer(self: unknown): boolean {
  return self instanceof net.Socket && self.remoteAddress !== undefined && !self.destroyed
}

function denyWrite(self: unknown, args: unknown[], attempt: (target: string) => RepriseError): unknown {
  if (!(self instanceof net.Socket)) return false
  const error = attempt(`${self.remoteAddress ?? 'an unknown address'}:${self.remotePort ?? ''}`)
  const callback = args.at(-1)
  if (typeof callback === 'function') process.nextTick(callback as (error: unknown) => void, error)
  self.destroy(error)
  return false
}

function denyDatagram(self: unknown, args: unknown[], attempt: (target: string) => RepriseError): unknown {
  const error = attempt(args.filter((arg) => typeof arg === 'string' || typeof arg === 'number').join(':') || 'datagram socket')
  const callback = args.at(-1)
  if (typeof callback === 'function') process.nextTick(callback as (error: unknown) => void, error)
  else if (self instanceof dgram.Socket) process.nextTick(() => self.emit('error', error))
  return self
}

function denyFetch(_self: unknown, [input]: unknown[], attempt: (target: string) => RepriseError): unknown {
  const url = input instanceof Request ? input.url : String(input)
  // The query may hold a key.
  const target = URL.canParse(url) ? new URL(url).origin : 'an unknown address'
  return Promise.reject(new TypeError('fetch failed', { cause: attempt(target) }))
}

function denyCallback(_self: unknown, args: unknown[], attempt: (target: string) => RepriseError): unknown {
  const error = attempt(String(args[0]))
  const callback = args.at(-1)
  if (typeof callback !== 'function') throw error
  process.nextTick(callback as (error: unknown) => void, error)
  return undefined
}

function denyPromise(_self: unknown, args: unknown[], attempt: (target: string) => RepriseError): unknown {
  return Promise.reject(attempt(String(args[0])))
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

/** Clients stand many frames deep between the program and its socket. */
function deepStack(): string | undefined {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 64
  const holder: { stack?: string } = {}
  Error.captureStackTrace(holder, deepStack)
  Error.stackTraceLimit = limit
  return holder.stack
}

/** The innermost frame of the program's own code: not Node's, not a dependency's, not ours. */
export function userFrame(stack: string | undefined): string | undefined {
  const frames = (stack ?? '').split('\n').slice(1)
  return frames
    .map((frame) => frame.trim().replace(/^at /, ''))
    .find((frame) => !/node:|[\\/]node_modules[\\/]|<anonymous>|^native/.test(frame) && !OWN_FRAME.test(frame))
}

const OWN_FRAME = /[\\/](?:src|dist)[\\/](?:replay|sdk)[\\/][\w-]+\.[jt]s/

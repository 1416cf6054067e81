import type { ClientHttp2Session } from 'node:http2'
import { Duplex } from 'node:stream'
import { type Denial, guardMethods, type Undo } from './methods.ts'

/** Requests on sessions that were open before: they go past the socket that carries them. */
export function guardHttp2(): Undo {
  // Who has not loaded it has no session; a new one would have to connect.
  return isLoaded() ? guardMethods(prototypeOfSessions(), ['request'], 'http2.ClientHttp2Session.', REQUEST) : () => {}
}

function isLoaded(): boolean {
  const { moduleLoadList } = process as { moduleLoadList?: unknown }
  // Where Node does not tell, it may be.
  return !Array.isArray(moduleLoadList) || moduleLoadList.includes('NativeModule internal/http2/core')
}

let prototype: object | undefined

/** The class is not exported: a session over a stream that leads nowhere shows it. */
function prototypeOfSessions(): object {
  if (prototype !== undefined) return prototype
  const nowhere = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  // Not imported: that would load it for everybody.
  const session = process.getBuiltinModule('node:http2').connect('http://localhost', { createConnection: () => nowhere })
  prototype = Object.getPrototypeOf(session) as object
  session.on('error', () => {})
  session.destroy()
  return prototype
}

const REQUEST: Denial = {
  target(self, [headers]) {
    const authority: unknown = typeof headers === 'object' && headers !== null ? Reflect.get(headers, ':authority') : undefined
    if (typeof authority === 'string') return authority
    const { socket } = self as ClientHttp2Session
    return `${socket.remoteAddress ?? 'an unknown address'}:${socket.remotePort ?? ''}`
  },
  deny(_self, _args, error) {
    throw error
  },
}

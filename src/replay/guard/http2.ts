import type { ClientHttp2Session } from 'node:http2'
import { sessionPrototype } from '../../sdk/wire/index.ts'
import { type Denial, guardMethods, type Undo } from './methods.ts'

/** Requests on sessions that were open before: they go past the socket that carries them. */
export function guardHttp2(): Undo {
  const prototype = sessionPrototype()
  // Where there is no session, a new one would have to connect.
  return prototype === undefined ? () => {} : guardMethods(prototype, ['request'], 'http2.ClientHttp2Session.', REQUEST)
}

const REQUEST: Denial = {
  // Answered from the recording.
  concerns: (_self, watcher) => watcher.isAnswered?.() !== true,
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

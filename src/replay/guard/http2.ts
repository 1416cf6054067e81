import type { ClientHttp2Session } from 'node:http2'
import { endedSession } from '../../sdk/wire/index.ts'
import { type Denial, guardMethods, type Undo } from './methods.ts'

/** Requests on sessions that were open before: they go past the socket that carries them. */
export function guardHttp2(): Undo {
  // Who has not loaded it has no session; a new one would have to connect.
  return isLoaded()
    ? guardMethods(Object.getPrototypeOf(endedSession()) as object, ['request'], 'http2.ClientHttp2Session.', REQUEST)
    : () => {}
}

function isLoaded(): boolean {
  const { moduleLoadList } = process as { moduleLoadList?: unknown }
  // Where Node does not tell, it may be.
  return !Array.isArray(moduleLoadList) || moduleLoadList.includes('NativeModule internal/http2/core')
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

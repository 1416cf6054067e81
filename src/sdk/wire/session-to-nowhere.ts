import type { ClientHttp2Session } from 'node:http2'

let ended: ClientHttp2Session | undefined

/**
 * A session of a client that has ended, over a stream that led nowhere: it shows the class of sessions, which is not exported, and what this
 * version of Node makes of a request on such a session. Nothing is imported: loading node:http2 takes ten milliseconds.
 */
export function endedSession(): ClientHttp2Session {
  if (ended !== undefined) return ended
  const { Duplex } = process.getBuiltinModule('node:stream')
  const nowhere = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  const { connect } = process.getBuiltinModule('node:http2')
  ended = connect('http://localhost', { createConnection: () => nowhere })
  ended.on('error', () => {})
  ended.destroy()
  return ended
}

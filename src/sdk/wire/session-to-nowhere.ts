import type { ClientHttp2Session } from 'node:http2'
import { outsideOfRuns } from '../effects/real.ts'

type Http2 = typeof import('node:http2')

let ended: ClientHttp2Session | undefined
let prototype: object | undefined
/** It was loaded here: there was no session before. */
let isOurs = false

/** Nothing is imported: loading node:http2 takes ten milliseconds. */
export function loadHttp2(): Http2 {
  isOurs ||= !isLoaded()
  return process.getBuiltinModule('node:http2')
}

/**
 * The prototype of the sessions of clients, whose class is not exported. Undefined as long as none can be there: until `sawSession`, where
 * node:http2 was loaded here, and where nobody has loaded it.
 */
export function sessionPrototype(): object | undefined {
  if (prototype === undefined && !isOurs && isLoaded()) sawSession(waitingSession() ?? endedSession())
  return prototype
}

export function sawSession(session: object): void {
  prototype ??= Reflect.getPrototypeOf(session) ?? undefined
}

function isLoaded(): boolean {
  const { moduleLoadList } = process as { moduleLoadList?: unknown }
  // Where Node does not tell, it may be.
  return !Array.isArray(moduleLoadList) || moduleLoadList.includes('NativeModule internal/http2/core')
}

/**
 * A session over a socket that will never have connected, and so has nothing behind it: to open and end one takes a small replay as long as
 * a hundred of its calls. Undefined where this version of Node asks more of a socket.
 */
function waitingSession(): object | undefined {
  const { Duplex } = process.getBuiltinModule('node:stream')
  const socket = Object.assign(new Duplex(), { connecting: true, _handle: { isStreamBase: true } })
  const { connect } = process.getBuiltinModule('node:http2')
  try {
    return outsideOfRuns(() => connect('http://localhost', { createConnection: () => socket }))
  } catch {
    return undefined
  }
}

/**
 * A session of a client that has ended, over a stream that led nowhere: it shows the class of sessions, and what this version of Node makes
 * of a request on such a session.
 */
export function endedSession(): ClientHttp2Session {
  if (ended !== undefined) return ended
  const { Duplex } = process.getBuiltinModule('node:stream')
  const nowhere = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  const { connect } = process.getBuiltinModule('node:http2')
  ended = outsideOfRuns(() => connect('http://localhost', { createConnection: () => nowhere }))
  ended.on('error', () => {})
  ended.destroy()
  return ended
}

import { subscribe } from 'node:diagnostics_channel'

const SOCKETS = 'net.client.socket'

/** What `net.connect` gave since this package was loaded. */
const sockets = new WeakSet<object>()
let isListening = false

/** From here on it is known which sockets were opened by a client: a connected Unix socket looks like the pipe to a child process. */
export function noteClientSockets(): void {
  if (isListening) return
  isListening = true
  subscribe(SOCKETS, (message) => {
    if (
      typeof message === 'object' &&
      message !== null &&
      'socket' in message &&
      typeof message.socket === 'object' &&
      message.socket !== null
    )
      sockets.add(message.socket)
  })
}

export function isClientSocket(socket: object): boolean {
  return sockets.has(socket)
}

import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { buildConnector } from 'undici'

const CONNECT_TIMEOUT_MILLIS = 10_000

/**
 * Connections that keep the process alive only while somebody waits for them: what a recorder sends by itself must not hold
 * up the end of a program, which begins when nothing else is left to do.
 */
export class BackgroundSockets {
  readonly #sockets = new Map<Socket, { readonly ref: () => Socket; readonly unref: () => Socket; wanted: boolean }>()
  #keepsAlive = false

  /** For undici, in the place of its own. */
  readonly connect: buildConnector.connector = ({ hostname, host, protocol, port, servername }, callback) => {
    const name = servername ?? host?.replace(/:[0-9]+$/, '') ?? hostname
    const secure = protocol === 'https:'
    const socket = secure
      ? connectTls({
          host: hostname,
          port: Number(port || 443),
          ALPNProtocols: ['http/1.1'],
          // RFC 6066 section 3: an address is no server name.
          ...(isIP(name.replace(/^\[|\]$/g, '')) === 0 && { servername: name }),
        })
      : connectTcp({ host: hostname, port: Number(port || 80) })
    this.#adopt(socket)
    socket.setNoDelay(true)
    const timer = setTimeout(() => socket.destroy(new Error('connecting took too long')), CONNECT_TIMEOUT_MILLIS).unref()
    const failed = (error: Error): void => {
      clearTimeout(timer)
      callback(error, null)
    }
    socket.once('error', failed).once(secure ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer)
      socket.off('error', failed)
      callback(null, socket)
    })
  }

  keepAlive(keepsAlive: boolean): void {
    this.#keepsAlive = keepsAlive
    for (const { ref, unref, wanted } of this.#sockets.values()) {
      if (keepsAlive && wanted) ref()
      else unref()
    }
  }

  #adopt(socket: Socket): void {
    const held = { ref: socket.ref.bind(socket), unref: socket.unref.bind(socket), wanted: true }
    this.#sockets.set(socket, held)
    socket.once('close', () => this.#sockets.delete(socket))
    // The client says which of its connections have work to do; whether that counts is said here.
    socket.ref = () => {
      held.wanted = true
      if (this.#keepsAlive) held.ref()
      return socket
    }
    socket.unref = () => {
      held.wanted = false
      held.unref()
      return socket
    }
    if (!this.#keepsAlive) held.unref()
  }
}

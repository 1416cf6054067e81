import type { Server, Socket } from 'node:net'

/** A connection of a gRPC client. What it says is read by HTTP/2; here is only seen whether it still says anything. */
export class Connection {
  readonly socket: Socket
  readonly openedAtMillis: number
  #bytes = 0
  #progressAtMillis: number

  constructor(socket: Socket, nowMillis: number) {
    this.socket = socket
    this.openedAtMillis = nowMillis
    this.#progressAtMillis = nowMillis
  }

  /** When bytes last came, as far as it was looked at. */
  get progressAtMillis(): number {
    return this.#progressAtMillis
  }

  get bytesRead(): number {
    return this.socket.bytesRead
  }

  look(nowMillis: number): void {
    const bytes = this.socket.bytesRead
    if (bytes === this.#bytes) return
    this.#bytes = bytes
    this.#progressAtMillis = nowMillis
  }
}

/** The client's preface (RFC 9113, section 3.4) and the header of its first SETTINGS frame. */
const GREETING_BYTES = 24 + 9

/** The open connections, found by the name that gRPC gives a peer. */
export class Connections {
  readonly #byPeer = new Map<string, Connection>()

  get size(): number {
    return this.#byPeer.size
  }

  add(socket: Socket): void {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`
    const connection = new Connection(socket, performance.now())
    this.#byPeer.set(peer, connection)
    socket.on('error', () => undefined)
    socket.once('close', () => {
      if (this.#byPeer.get(peer) === connection) this.#byPeer.delete(peer)
    })
  }

  of(peer: string): Connection | undefined {
    return this.#byPeer.get(peer)
  }

  /** Cuts those that have not greeted in time: they are no HTTP/2 clients, or half of a connection. */
  look(nowMillis: number, greetingTimeoutMillis: number): number {
    let cut = 0
    for (const connection of this.#byPeer.values()) {
      connection.look(nowMillis)
      if (connection.bytesRead >= GREETING_BYTES || nowMillis - connection.openedAtMillis <= greetingTimeoutMillis) continue
      connection.socket.destroy()
      cut++
    }
    return cut
  }

  destroyAll(): void {
    for (const { socket } of this.#byPeer.values()) socket.destroy()
  }
}

/** Takes no new connection, and waits until the last one is gone; those that are there after the time given are cut. */
export async function closeConnections(server: Server, connections: Connections, graceMillis: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const cut = setTimeout(() => connections.destroyAll(), graceMillis)
  await closed
  clearTimeout(cut)
}

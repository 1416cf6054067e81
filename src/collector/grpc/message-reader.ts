import type { ServerInterceptingCallInterface } from '@grpc/grpc-js'

/** Frame header of a gRPC message: a flag and a length. */
export const PREFIX_BYTES = 5
const START_BYTES = 64 * 1024

export interface MessageEvents {
  /** The length that the sender says, before a byte of the message is kept. False when the message is not wanted. */
  readonly announced: (sizeBytes: number) => boolean
  /** Before so much memory is taken, in all. False when there is no room. */
  readonly grows: (sizeBytes: number) => boolean
  /** Something follows the first message. */
  readonly second: () => void
}

/**
 * Cuts one message out of what a unary call sends. The one of grpc-js cuts all of them before anybody is asked: a frame of
 * 16 KiB holds 3,276 empty messages, and each takes a place in a queue, some objects and a promise, so that a few hundred calls
 * take hundreds of MiB. Here the length is known before the memory is taken, and the second message ends the call.
 *
 * The sender controls the length, so memory grows with the bytes that have come, and is never more than twice as much.
 */
export class MessageReader {
  readonly #events: MessageEvents
  readonly #head: Buffer = Buffer.alloc(PREFIX_BYTES)
  #headBytes = 0
  #sizeBytes = 0
  #memory: Buffer | undefined
  #filled = 0
  #state: 'head' | 'body' | 'whole' | 'over' = 'head'

  constructor(events: MessageEvents) {
    this.#events = events
  }

  /** The message with its header, in memory of its own, once it is whole: in a list, as grpc-js asks for it. */
  write(data: Buffer): Buffer[] {
    if (data.length === 0 || this.#state === 'over') return []
    if (this.#state === 'whole') return this.#end(this.#events.second)
    let at = 0
    if (this.#state === 'head') {
      at = data.copy(this.#head, this.#headBytes, 0, PREFIX_BYTES - this.#headBytes)
      this.#headBytes += at
      if (this.#headBytes < PREFIX_BYTES) return []
      this.#sizeBytes = this.#head.readUInt32BE(1)
      if (!this.#events.announced(this.#sizeBytes)) return this.#end()
      this.#state = 'body'
      if (!this.#append(this.#head)) return this.#end()
    }
    const missing = PREFIX_BYTES + this.#sizeBytes - this.#filled
    if (data.length - at > missing) return this.#end(this.#events.second)
    if (!this.#append(data.subarray(at))) return this.#end()
    const memory = this.#memory
    if (memory === undefined || this.#filled < PREFIX_BYTES + this.#sizeBytes) return []
    this.#state = 'whole'
    this.#memory = undefined
    return [memory.subarray(0, this.#filled)]
  }

  #append(data: Buffer): boolean {
    const whole = PREFIX_BYTES + this.#sizeBytes
    const needed = this.#filled + data.length
    if (this.#memory === undefined || this.#memory.length < needed) {
      const bytes = Math.min(whole, Math.max(needed, START_BYTES, this.#filled * 2))
      if (!this.#events.grows(bytes)) return false
      const larger = Buffer.allocUnsafeSlow(bytes)
      this.#memory?.copy(larger, 0, 0, this.#filled)
      this.#memory = larger
    }
    this.#filled += data.copy(this.#memory, this.#filled)
    return true
  }

  #end(tell?: () => void): Buffer[] {
    this.#state = 'over'
    this.#memory = undefined
    tell?.()
    return []
  }
}

/** Where grpc-js 1.x keeps what cuts the bytes of a call into messages. */
const DECODER = 'decoder'

/** Puts our reader in its place. Where grpc-js keeps it elsewhere nothing is changed, and a second message is seen when it is read. */
export function takeOverMessages(call: ServerInterceptingCallInterface, events: MessageEvents): void {
  const found: unknown = Reflect.get(call, DECODER)
  if (typeof found === 'object' && found !== null && 'write' in found) Reflect.set(call, DECODER, new MessageReader(events))
}

import type { ByteBudget, Reservation } from '../http/byte-budget.ts'
import { overloaded, Refusal, RPC } from '../http/refusal.ts'
import { gaveWay } from '../http/slow-bodies.ts'
import type { Connection } from './connections.ts'
import { type Place, ReceiveGate } from './receive-gate.ts'

export interface CallLimits {
  /** Messages received at the same time. */
  readonly maxReceiving: number
  /** Calls that wait for their message to be received; past it they are turned away. */
  readonly maxWaiting: number
  /** Longest silence while a message is being received. */
  readonly idleTimeoutMillis: number
  /** From the headers of a call to the end of its request. */
  readonly requestTimeoutMillis: number
}

/** What those who receive may take when others wait: a sender that dawdles gives way. */
const CROWDED_IDLE_MILLIS = 1_000
const CROWDED_RECEIVE_MILLIS = 5_000

/** What a call takes besides its message. */
const MESSAGE_MIN_BYTES = 4 * 1024

function timedOut(reason: string, message: string): Refusal {
  return new Refusal(408, RPC.deadlineExceeded, reason, message)
}

/** One call, from its headers to its end. */
export class Call {
  readonly connection: Connection | undefined
  readonly startedAtMillis: number = performance.now()
  readonly reservation: Reservation
  readonly #refuse: (refusal: Refusal) => void
  #phase: 'waiting' | 'receiving' | 'received' | 'taken' | 'over' = 'waiting'
  #receivingSinceMillis = 0
  #place: Place | undefined
  #stopWaiting: (() => void) | undefined

  constructor(connection: Connection | undefined, reservation: Reservation, refuse: (refusal: Refusal) => void) {
    this.connection = connection
    this.reservation = reservation
    this.#refuse = refuse
  }

  get taken(): boolean {
    return this.#phase === 'taken'
  }

  get over(): boolean {
    return this.#phase === 'over'
  }

  /** Calls `read` when the message may come. */
  enter(gate: ReceiveGate, read: () => void): void {
    const stop = gate.request((place) => {
      this.#place = place
      this.#phase = 'receiving'
      this.#receivingSinceMillis = performance.now()
      read()
    })
    if (stop === undefined) this.refuse(overloaded())
    else this.#stopWaiting = stop
  }

  /** The sender has said how large the message is. False when the call was refused. */
  announced(sizeBytes: number, maxBytes: number): boolean {
    if (this.#phase !== 'receiving') return false
    if (sizeBytes <= maxBytes) return true
    const message = `the message is larger than the limit of ${maxBytes} bytes`
    this.refuse(new Refusal(413, RPC.resourceExhausted, 'too_large', message))
    return false
  }

  /** Takes from the budget what the message takes of memory, before it does. False when the call was refused. */
  grows(sizeBytes: number): boolean {
    if (this.#phase !== 'receiving') return false
    if (this.reservation.growTo(Math.max(sizeBytes, MESSAGE_MIN_BYTES))) return true
    this.refuse(overloaded())
    return false
  }

  /** There is more than the one message of a unary call. */
  second(): void {
    this.refuse(new Refusal(400, RPC.unimplemented, 'second_message', 'Export takes one message a call'))
  }

  /** The message is here, whole; its bytes are taken from the budget. False when the call was refused instead. */
  received(sizeBytes: number): boolean {
    if (this.#phase === 'received') this.second()
    if (this.#phase !== 'receiving') return false
    this.#phase = 'received'
    this.#place?.release()
    if (this.reservation.growTo(sizeBytes)) return true
    this.refuse(overloaded())
    return false
  }

  /** The request is whole and is being worked on: from here on the one who works on it gives the bytes back. */
  take(): void {
    if (this.#phase === 'received') this.#phase = 'taken'
  }

  refuse(refusal: Refusal): void {
    if (this.#phase === 'over' || this.#phase === 'taken') return
    this.end()
    this.#refuse(refusal)
  }

  /** The call is over, whoever ended it. */
  end(): void {
    if (this.#phase !== 'taken') {
      this.#phase = 'over'
      this.reservation.release()
    }
    this.#stopWaiting?.()
    this.#place?.release()
  }

  look(nowMillis: number, limits: CallLimits, crowded: boolean): void {
    if (this.#phase === 'taken' || this.#phase === 'over') return
    if (nowMillis - this.startedAtMillis > limits.requestTimeoutMillis) {
      const seconds = limits.requestTimeoutMillis / 1000
      this.refuse(timedOut('request_timeout', `the request was not whole after ${seconds} s`))
    } else if (this.#phase === 'receiving') {
      const silentMillis = nowMillis - Math.max(this.#receivingSinceMillis, this.connection?.progressAtMillis ?? 0)
      if (silentMillis > limits.idleTimeoutMillis) {
        this.refuse(timedOut('body_timeout', `no byte of the request came for ${limits.idleTimeoutMillis / 1000} s`))
      } else if (crowded && (silentMillis > CROWDED_IDLE_MILLIS || nowMillis - this.#receivingSinceMillis > CROWDED_RECEIVE_MILLIS)) {
        this.refuse(gaveWay())
      }
    }
  }
}

/** All calls that are not over. */
export class Calls {
  readonly gate: ReceiveGate
  readonly #limits: CallLimits
  readonly #budget: ByteBudget
  readonly #open = new Set<Call>()

  constructor(limits: CallLimits, budget: ByteBudget) {
    this.#limits = limits
    this.#budget = budget
    this.gate = new ReceiveGate(limits.maxReceiving, limits.maxWaiting)
  }

  open(connection: Connection | undefined, refuse: (refusal: Refusal) => void): Call {
    const call = new Call(connection, this.#budget.open(), refuse)
    this.#open.add(call)
    return call
  }

  end(call: Call): void {
    this.#open.delete(call)
    call.end()
  }

  /** Ends what takes too long. To be called now and then. */
  look(nowMillis: number): void {
    const crowded = this.gate.crowded || this.#budget.pressed
    for (const call of this.#open) call.look(nowMillis, this.#limits, crowded)
  }
}

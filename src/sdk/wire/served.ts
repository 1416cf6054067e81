import type { InterceptedCall, Interceptor } from '../calls/interceptor.ts'
import { runtime } from '../run/runtime.ts'
import type { Scope } from '../run/scope.ts'
import type { WireHead } from './exchange.ts'
import { exchangeName, isSafeMethod, type KeptRequest } from './request.ts'

/** An interceptor that answers HTTP exchanges too, as calls of the kind `wire`. */
export interface WireInterceptor extends Interceptor {
  /** Whether it answers those that the code of the step makes that `token` stands for; the rest go their way. */
  answersWire(token: unknown): boolean
}

/** What it answers them with, as `returned`; or a promise that is rejected, or never settles. */
export interface ServedExchange {
  /** Rejects with what the exchange failed with before a response came. */
  readonly head: Promise<WireHead>
  /** Before it failed, the program was told that the connection had been silent for too long. */
  readonly timedOut: boolean
  /** The recorded program had so many chunks and left: whoever gives them unasked gives no more. */
  readonly leftAfter: number | undefined
  /** The next chunk of the body, undefined after the last one. Rejects with what the body broke off with. */
  pull(): Promise<Uint8Array | undefined>
  /** The program reads no further. */
  leave(): void
  /** The program calls the exchange off. */
  abort(reason: unknown): void
}

/** Set where the exchanges of the code that runs now are answered. */
export function wireInterceptor(scope: Scope | undefined): WireInterceptor | undefined {
  const interceptor = scope?.interceptor
  if (interceptor === undefined || !('answersWire' in interceptor)) return undefined
  const answering = interceptor as WireInterceptor
  return answering.answersWire(scope?.token) ? answering : undefined
}

/** Whether HTTP exchanges that the running code begins are answered, and so open no socket. */
export function isWireAnswered(): boolean {
  return wireInterceptor(runtime().scopes.getStore()) !== undefined
}

export function wireCall(method: string, url: URL, request: KeptRequest, parent: unknown): InterceptedCall {
  return {
    kind: 'wire',
    operation: 'http',
    name: exchangeName(method, url),
    effect: isSafeMethod(method) ? 'read' : 'write',
    args: [request],
    parent,
  }
}

/** An exchange that was refused, or is never answered. */
export function unansweredExchange(head: Promise<never>): ServedExchange {
  head.catch(() => undefined)
  return { head, timedOut: false, leftAfter: undefined, pull: () => head, leave: () => {}, abort: () => {} }
}

/** What an interceptor answered a call of the kind `wire` with. */
export function exchangeOf(interception: { returned: unknown } | { threw: unknown }): ServedExchange {
  if ('threw' in interception) return unansweredExchange(Promise.reject(interception.threw))
  const { returned } = interception
  return returned instanceof Promise ? unansweredExchange(returned as Promise<never>) : (returned as ServedExchange)
}

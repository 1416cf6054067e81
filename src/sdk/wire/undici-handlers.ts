import { encodingOf } from './http-arguments.ts'
import type { ServedExchange } from './served.ts'
import { pairsOfObject } from './undici-request.ts'
import type { WireStep } from './wire-step.ts'

type Method = (...args: never[]) => unknown

/** Handlers of dispatched requests have two protocols: undici's before 8, and since 7. */
type Watch = (...args: unknown[]) => void

/**
 * The same handler, whose calls are told to `watches` first. It is code of the program's client, which runs in a replay too: so it runs
 * `within` the step that dispatched, and not wherever a connection happens to be read.
 */
export function watchedHandler(handler: object, watches: Readonly<Record<string, Watch>>, within: <T>(fn: () => T) => T): object {
  return new Proxy(handler, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key)
      if (typeof value !== 'function') return value
      const watch = typeof key === 'string' ? watches[key] : undefined
      return (...args: unknown[]): unknown => {
        watch?.(...args)
        return within(() => Reflect.apply(value as Method, target, args) as unknown)
      }
    },
    set: (target, key, value) => Reflect.set(target, key, value),
  })
}

export function recordingWatches(step: WireStep): Readonly<Record<string, Watch>> {
  const answered = (status: unknown, headers: unknown, statusText: unknown): void => {
    // What comes before the answer (RFC 9110 section 15.2) is not one.
    if (typeof status !== 'number' || status < 200) return
    const pairs = pairsOfObject(headers)
    const encoding = encodingOf(pairs)
    step.delivered()
    const text = typeof statusText === 'string' ? statusText : ''
    step.answered({ status, statusText: text, headers: pairs, url: undefined, hasBody: true, ...(encoding !== undefined && { encoding }) })
  }
  const data = (chunk: unknown): void => {
    step.delivered()
    step.chunk(chunk)
  }
  const ended = (): void => {
    step.delivered()
    step.endStream('done')
  }
  const failed = (error: unknown): void => {
    if (step.endMillis !== undefined) return
    step.delivered()
    if (step.isAnswered) step.endStream('error', error)
    else step.fail(error, 'promise')
  }
  return {
    onHeaders: (status, headers, _resume, statusText) => answered(status, headers, statusText),
    onData: data,
    onComplete: ended,
    onError: failed,
    onResponseStart: (_controller, status, headers, statusText) => answered(status, headers, statusText),
    onResponseData: (_controller, chunk) => data(chunk),
    onResponseEnd: ended,
    onResponseError: (_controller, error) => failed(error),
  }
}

/** What undici gives a handler to steer the exchange with. */
class ServedController {
  readonly rawHeaders: readonly Buffer[] = []
  readonly rawTrailers: readonly Buffer[] = []
  aborted = false
  reason: unknown = null
  paused = false
  readonly #exchange: ServedExchange
  #resumed: PromiseWithResolvers<void> | undefined

  constructor(exchange: ServedExchange) {
    this.#exchange = exchange
  }

  readonly pause = (): void => {
    this.paused = true
    this.#resumed ??= Promise.withResolvers()
  }

  readonly resume = (): void => {
    this.paused = false
    this.#resumed?.resolve()
    this.#resumed = undefined
  }

  readonly abort = (reason: unknown): void => {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason ?? new Error('the request was aborted')
    this.#exchange.abort(this.reason)
    this.resume()
  }

  /** Resolves when the handler takes more. */
  async ready(): Promise<void> {
    await this.#resumed?.promise
  }
}

type Handler = Readonly<Record<string, ((...args: unknown[]) => unknown) | undefined>>

/** Answers a dispatched request. Never rejects. */
export async function answerHandler(handler: object, exchange: ServedExchange): Promise<void> {
  const called = handler as Handler
  const isLegacy = typeof called['onResponseStart'] !== 'function' && typeof called['onHeaders'] === 'function'
  const controller = new ServedController(exchange)
  const fail = (error: unknown): void => {
    const reason = controller.aborted ? controller.reason : error
    if (isLegacy) called['onError']?.(reason)
    else called['onResponseError']?.(controller, reason)
  }
  try {
    if (isLegacy) called['onConnect']?.(controller.abort, null)
    else called['onRequestStart']?.(controller, null)
    const { status, statusText, headers } = await exchange.head
    const raw = headers.flatMap(([name, value]) => [Buffer.from(name), Buffer.from(value)])
    Object.assign(controller, { rawHeaders: raw })
    const goesOn = isLegacy
      ? called['onHeaders']?.(status, raw, controller.resume, statusText)
      : called['onResponseStart']?.(controller, status, joined(headers), statusText)
    if (isLegacy && goesOn === false) controller.pause()
    for (let taken = 0; taken !== exchange.leftAfter; taken++) {
      await controller.ready()
      const chunk = await exchange.pull()
      if (controller.aborted) return fail(controller.reason)
      if (chunk === undefined) {
        if (isLegacy) called['onComplete']?.([])
        else called['onResponseEnd']?.(controller, {})
        return
      }
      if (chunk.length === 0) continue
      const data = Buffer.from(chunk)
      if (!isLegacy) called['onResponseData']?.(controller, data)
      else if (called['onData']?.(data) === false) controller.pause()
    }
  } catch (error) {
    fail(error)
  }
}

function joined(headers: readonly (readonly [string, string])[]): Record<string, string | string[]> {
  const object: Record<string, string | string[]> = {}
  for (const [name, value] of headers) object[name] = name in object ? [object[name] ?? [], value].flat() : value
  return object
}

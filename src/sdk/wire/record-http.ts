import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Recorder } from '../recorder/recorder.ts'
import type { RunState } from '../run/run-state.ts'
import type { Step } from '../run/step.ts'
import type { KeptBytes } from './fetch-request.ts'
import { encodingOf, headersOf, pairsOf, targetOf } from './http-arguments.ts'
import { keptRequest } from './request.ts'
import { WireStep } from './wire-step.ts'
import { shadow, watchWritten } from './written-body.ts'

/** Records the exchange that a request of node:http is: from the moment when all of it is written. Changes nothing that the program sees. */
export function recordRequest(recorder: Recorder, run: RunState, parent: Step, request: ClientRequest): void {
  const url = targetOf(request)
  if (url === undefined) return
  let step: WireStep | undefined
  let body: KeptBytes | undefined
  const started = (): WireStep | undefined => {
    if (step !== undefined) return step
    try {
      const bytes = body?.bytes()
      const kept = keptRequest(request.method, url, headersOf(request), bytes === undefined || bytes.length === 0 ? undefined : bytes)
      step = WireStep.start(recorder, run, parent, { method: request.method, url, isGrowing: false, request: () => kept })
    } catch {
      recorder.missed(run)
    }
    return step
  }
  body = watchWritten(request, recorder.limits.maxBytes, () => void started())
  const { emit } = request
  shadow(request, 'emit', (...args: unknown[]) => {
    const [event, value] = args
    if (event === 'response') answered(started(), value as IncomingMessage)
    else if (event === 'timeout') started()?.timedOut()
    else if (event === 'error') failed(started(), value)
    else if (event === 'close') closed(step)
    return Reflect.apply(emit, request, args)
  })
}

function answered(step: WireStep | undefined, response: IncomingMessage): void {
  if (step === undefined) return
  const headers = pairsOf(response.rawHeaders)
  const encoding = encodingOf(headers)
  step.delivered()
  step.answered({
    status: response.statusCode ?? 0,
    statusText: response.statusMessage ?? '',
    headers,
    url: undefined,
    hasBody: true,
    ...(encoding !== undefined && { encoding }),
  })
  // A connection that breaks off destroys a response too, and without a listener there is no error to see.
  let brokeOff: unknown
  const { emit, destroy } = response
  shadow(response, 'destroy', (...args: unknown[]) => {
    const [error] = args
    // Once the program has destroyed it, the connection breaks off too.
    if (!response.destroyed && typeof error === 'object' && error !== null && 'code' in error && error.code === 'ECONNRESET')
      brokeOff ??= error
    return Reflect.apply(destroy, response, args)
  })
  shadow(response, 'emit', (...args: unknown[]) => {
    const [event, value] = args
    if (event === 'data') {
      step.delivered()
      step.chunk(typeof value === 'string' ? Buffer.from(value, response.readableEncoding ?? 'utf8') : value)
    } else if (event === 'end') {
      step.delivered()
      step.endStream('done')
    } else if (event === 'error' || (event === 'close' && brokeOff !== undefined)) {
      step.delivered()
      step.endStream('error', event === 'error' ? value : brokeOff)
    } else if (event === 'close') step.endStream('cancelled')
    return Reflect.apply(emit, response, args)
  })
}

function failed(step: WireStep | undefined, error: unknown): void {
  if (step === undefined || step.isAnswered) return
  step.delivered()
  step.fail(error, 'promise')
}

/** Called off by the program, which hears of no error then. */
function closed(step: WireStep | undefined): void {
  if (step === undefined || step.isAnswered || step.endMillis !== undefined) return
  step.fail(new Error('the request was closed before a response came'), 'promise')
}

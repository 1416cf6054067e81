import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import type { Recorder } from '../recorder/recorder.ts'
import type { RunState } from '../run/run-state.ts'
import type { Step } from '../run/step.ts'
import type { KeptBytes } from './fetch-request.ts'
import { encodingOf } from './http-arguments.ts'
import { pairsOfHeaders, targetOfStream } from './http2-headers.ts'
import { keptRequest } from './request.ts'
import { WireStep } from './wire-step.ts'
import { shadow, watchWritten } from './written-body.ts'

/** Records the exchange that a stream of HTTP/2 is: from the moment when the request is written whole. Changes nothing that the program sees. */
export function recordStream(recorder: Recorder, run: RunState, parent: Step, stream: ClientHttp2Stream): void {
  const sent = stream.sentHeaders
  const target = sent === undefined ? undefined : targetOfStream(sent)
  if (sent === undefined || target === undefined) return
  const { method, url } = target
  let step: WireStep | undefined
  let body: KeptBytes | undefined
  const started = (): WireStep | undefined => {
    if (step !== undefined) return step
    try {
      const bytes = body?.bytes()
      const kept = keptRequest(method, url, pairsOfHeaders(sent), bytes === undefined || bytes.length === 0 ? undefined : bytes)
      step = WireStep.start(recorder, run, parent, { method, url, isGrowing: false, request: () => kept })
    } catch {
      recorder.missed(run)
    }
    return step
  }
  // Node has ended it already where it has no body.
  if (stream.writableEnded) started()
  else body = watchWritten(stream, recorder.limits.maxBytes, () => void started())
  const { emit } = stream
  shadow(stream, 'emit', (...args: unknown[]) => {
    const [event, value] = args
    if (event === 'response') answered(started(), value as IncomingHttpHeaders)
    else if (event === 'timeout') started()?.timedOut()
    else if (step !== undefined) told(step, stream, event, value)
    return Reflect.apply(emit, stream, args)
  })
}

function answered(step: WireStep | undefined, headers: IncomingHttpHeaders): void {
  if (step === undefined) return
  const pairs = pairsOfHeaders(headers)
  const encoding = encodingOf(pairs)
  step.delivered()
  step.answered({
    status: Number(headers[':status'] ?? 0),
    statusText: '',
    headers: pairs,
    url: undefined,
    hasBody: true,
    ...(encoding !== undefined && { encoding }),
  })
}

function told(step: WireStep, stream: ClientHttp2Stream, event: unknown, value: unknown): void {
  if (!step.isAnswered) {
    if (event === 'error') {
      step.delivered()
      step.fail(value, 'promise')
    } else if (event === 'close' && step.endMillis === undefined)
      step.fail(new Error('the stream was closed before a response came'), 'promise')
    return
  }
  if (event === 'data') {
    step.delivered()
    step.chunk(typeof value === 'string' ? Buffer.from(value, stream.readableEncoding ?? 'utf8') : value)
  } else if (event === 'end') {
    step.delivered()
    step.endStream('done')
  } else if (event === 'error') {
    step.delivered()
    step.endStream('error', value)
  } else if (event === 'close') step.endStream('cancelled')
}

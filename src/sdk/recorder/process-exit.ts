import { clearTimeout, setTimeout } from 'node:timers'
import type { Left } from '../export/drain.ts'
import { sendAtExit } from '../export/exit-send.ts'
import type { OtlpWriter } from '../export/otlp-writer.ts'
import { openOtlpWriterNow } from '../export/otlp-writer-now.ts'
import type { ReadableSpan } from '../export/readable-span.ts'
import { type RepriseBatch, RepriseWay } from '../export/reprise-way.ts'
import { nowMillis } from '../run/clock.ts'
import { runtime } from '../run/runtime.ts'
import { preloadRedaction } from '../spool/redaction-loader.ts'
import type { SpoolLoss } from '../spool/spool.ts'
import type { Recorder } from './recorder.ts'
import { warnOnce } from './warning.ts'

/** The part of the time at the end that sending may take where the rest may be needed for the spool: loading the engine that redacts takes some of it. */
const SENDING_SHARE = 0.5

/** What making bodies may take of it, and what is kept for the spool. */
const WRITING_AT_ONCE_SHARE = 0.25
const SPOOLING_SHARE = 0.3

/**
 * Sends what is left when the program ends, or spools it, within `exitTimeoutMillis` and without changing its exit code. A
 * program that ends by itself stays alive for it; one that exits, or dies of an error, waits for a worker.
 */
export function watchExit(): void {
  const shared = runtime()
  if (shared.exitWatched) return
  shared.exitWatched = true
  // What was queued when the last attempt to send at the end was made.
  let triedUpTo = -1
  let finishing: Promise<void> | undefined
  process.on('beforeExit', () => {
    const { recorder } = shared
    if (recorder == null) return
    // Whoever listens as well would be called once more after anything that keeps the process alive: then it is done at the exit.
    if (process.listenerCount('beforeExit') > 1 && recorder.flushSdk === undefined) return
    recorder.announce(0)
    // Emitted again when that gave the process something to do; with nothing new since, it may go.
    if (recorder.enqueued === triedUpTo || (!recorder.hasUnsent && recorder.flushSdk === undefined)) return
    triedUpTo = recorder.enqueued
    const done = finish(recorder).finally(() => {
      if (finishing === done) finishing = undefined
    })
    finishing = done
  })
  process.on('exit', () => {
    const { recorder } = shared
    // Something else may have ended the process in the middle of it.
    if (recorder != null && (finishing !== undefined || recorder.enqueued !== triedUpTo)) finishAtOnce(recorder)
  })
}

async function finish(recorder: Recorder): Promise<void> {
  const { enqueued } = recorder
  const { drain, options, spool } = recorder
  const deadline = nowMillis() + options.exitTimeoutMillis
  const sendingMillis = spool.enabled ? options.exitTimeoutMillis * SENDING_SHARE : options.exitTimeoutMillis
  const timer = setTimeout(() => drain.pause(`no acknowledgement within ${Math.round(sendingMillis)} ms`), sendingMillis)
  try {
    await drain.awaited(async () => {
      await Promise.all([drain.run(false), recorder.flushSdk?.()])
      // A short program is over before it would have looked there.
      if (spool.enabled && !recorder.hasUnsent) await drain.pickUp(spool)
    })
  } finally {
    clearTimeout(timer)
    drain.resume()
  }
  if (!recorder.hasUnsent) return drain.warnGivenUp()
  // What came meanwhile has its own turn: `beforeExit` is emitted again after this, or `exit`.
  if (drain.reached && recorder.enqueued !== enqueued) return
  if (spools(recorder)) await preloadRedaction().catch(() => {})
  const writtenBy = nowMillis() + options.exitTimeoutMillis * WRITING_AT_ONCE_SHARE
  if (spools(recorder)) spoolRest(recorder, drain.takeUnsent(undefined, writtenBy), deadline)
  else drain.warnUnsent('not recorded')
}

/** What a recorder that ends could not send, and will not try again. */
export function spoolUnsent(recorder: Recorder): void {
  if (recorder.hasUnsent && spools(recorder))
    spoolRest(recorder, recorder.drain.takeUnsent(), nowMillis() + recorder.options.exitTimeoutMillis)
}

/** Sends or spools all there is, while the thread waits. Never throws. */
export function finishAtOnce(recorder: Recorder): void {
  try {
    recorder.announce(0)
    if (recorder.hasUnsent) sendOrSpool(recorder)
    recorder.drain.warnGivenUp()
  } catch (error) {
    warnOnce(`the last steps are not recorded: ${String(error)}`)
  }
}

function sendOrSpool(recorder: Recorder): void {
  const { drain, options } = recorder
  const { exitTimeoutMillis } = options
  const deadline = nowMillis() + exitTimeoutMillis
  const { way } = drain
  if (exitTimeoutMillis === 0) return drain.warnUnsent('not recorded')
  const left = drain.takeLeft()
  if (way === undefined ? options.exporter === 'otlp' : !(way instanceof RepriseWay)) return sendElsewhere(recorder, left, deadline)
  const { batches, left: late } = drain.encodeLeft(left, nowMillis() + exitTimeoutMillis * WRITING_AT_ONCE_SHARE)
  let open = batches
  // Whoever was not there a moment ago is not there now.
  if (drain.reached) {
    const leftMillis = deadline - nowMillis()
    const spoolingMillis = recorder.spool.enabled ? exitTimeoutMillis * SPOOLING_SHARE : 0
    const sendingMillis = Math.max(
      1,
      recorder.spool.enabled ? Math.min(exitTimeoutMillis * SENDING_SHARE, leftMillis - spoolingMillis) : leftMillis,
    )
    const { end, bodies, reason } = sendAtExit({
      endpoint: options.endpoint,
      headers: options.otlpHeaders,
      bodies: batches.map(({ body }) => body),
      greet: way === undefined && options.exporter === 'auto',
      timeoutMillis: sendingMillis,
    })
    if (end === 'not reprise') return sendElsewhere(recorder, left, deadline)
    drain.addLate(late)
    const refused = stepsOf(batches.filter((_, index) => bodies[index] === 'refused'))
    if (refused > 0) drain.warnUnsent('not recorded', 'refused', refused)
    open = batches.filter((_, index) => bodies[index] === 'open')
    if (open.length === 0) return
    if (end !== 'answered') drain.missed(end === 'timeout' ? `no acknowledgement within ${Math.round(sendingMillis)} ms` : reason)
  } else drain.addLate(late)
  if (recorder.spool.enabled) spoolRest(recorder, open, deadline)
  else drain.warnUnsent('not recorded', undefined, stepsOf(open))
}

/** The share of the time at the end that making spans for another backend may take; the rest is for sending them. */
const WRITING_SHARE = 0.5

/** Sends to a backend that is no Reprise collector: GenAI spans, redacted here. What it does not take is lost, and told. */
function sendElsewhere({ drain, options }: Recorder, { held, items, gaps }: Left, deadlineMillis: number): void {
  const steps = items.reduce((sum, { pending }) => sum + (pending ? 0 : 1), 0)
  const ready = held === undefined ? [] : readableIn(held)
  if (!drain.reached) return drain.warnUnsent('not recorded', undefined, steps + ready.length)
  let writer: OtlpWriter
  try {
    writer = drain.way?.writer ?? openOtlpWriterNow({ ...options, leaveRecordedSpans: !options.ownEndpoint })
  } catch {
    warnOnce(`${steps} steps not recorded: the program exited before they were sent. Call \`await flush()\` before it does.`)
    return
  }
  const startedMillis = nowMillis()
  const { bodies, left } = writer.encodeAtOnce(ready, items, gaps, startedMillis + (deadlineMillis - startedMillis) * WRITING_SHARE)
  const answers = sendAtExit({
    endpoint: options.endpoint,
    headers: options.otlpHeaders,
    bodies: bodies.map(({ body }) => body),
    greet: false,
    timeoutMillis: Math.max(1, deadlineMillis - nowMillis()),
  })
  const stepsIn = (state: 'refused' | 'open'): number =>
    bodies.reduce((sum, { steps: count }, index) => sum + (answers.bodies[index] === state ? count : 0), 0)
  const [refused, open] = [stepsIn('refused'), stepsIn('open') + left]
  if (open > 0 && answers.end !== 'answered') drain.missed(answers.end === 'timeout' ? 'no answer in time' : answers.reason)
  if (refused > 0) drain.warnUnsent('not recorded', 'refused', refused)
  else if (open > 0) drain.warnUnsent('not recorded', left > 0 ? 'no time to make them ready' : undefined, open)
}

function readableIn(batch: object): ReadableSpan[] {
  return 'readable' in batch && Array.isArray(batch.readable) ? (batch.readable as ReadableSpan[]) : []
}

/** What an OTLP backend has not taken is of no use to a Reprise collector. */
function spools({ drain, options, spool }: Recorder): boolean {
  const { way } = drain
  return spool.enabled && options.exitTimeoutMillis > 0 && (way === undefined ? options.exporter !== 'otlp' : way instanceof RepriseWay)
}

function stepsOf(batches: readonly RepriseBatch[]): number {
  return batches.reduce((sum, { spans, gaps }) => sum + spans - gaps.length, 0)
}

function spoolRest(recorder: Recorder, batches: readonly RepriseBatch[], deadlineMillis: number): void {
  const { drain, spool } = recorder
  const noticesOf = (losses: readonly SpoolLoss[]): Uint8Array[] =>
    drain.takeUnsent(losses.map(({ reason, count }) => ({ runId: undefined, traceId: undefined, reason, count }))).map(({ body }) => body)
  const unsent = batches.filter(({ spans }) => spans > 0).map(({ body, spans, gaps }) => ({ body, steps: spans - gaps.length }))
  const { spooled, losses, problem } = spool.save(unsent, noticesOf, deadlineMillis)
  drain.warnSpooled(spooled, spool.folder.path, losses, problem)
}

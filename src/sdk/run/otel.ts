import {
  type Context,
  createContextKey,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import { ATTR, GENAI, randomId32, type StepKind } from '../../schemas/index.ts'
import type { Call } from '../calls/call-spec.ts'
import { genAiStart, spanNameOf } from '../calls/describe.ts'
import { SDK_NAME, SDK_VERSION } from '../version.ts'
import { activeContext, otelGlobals, withContext } from './otel-globals.ts'
import type { RunState } from './run-state.ts'
import type { Scope } from './scope.ts'
import { nextSpanId } from './span-ids.ts'
import type { Step, StepIds } from './step.ts'

/** Where a new step stands in its trace, and what @opentelemetry/api is to know of it. */
export interface Placement {
  readonly ids: StepIds
  /** The user's span, when an OpenTelemetry SDK of theirs made one. */
  readonly span: Span | undefined
  /** The context to run the step in, before the step itself is put into it; undefined where no context manager is registered. */
  readonly context: Context | undefined
}

// Which step a context was made for. createContextKey is Symbol.for: all copies of this package share it.
const STEP_KEY = createContextKey('reprise.step/1')
// The key that @opentelemetry/core suppresses tracing by; our own requests are no part of the user's traces.
const SUPPRESS_TRACING_KEY = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/**
 * Ids for a new step under the innermost of our own step and the active OpenTelemetry span. Where the program runs an
 * OpenTelemetry SDK, its tracer makes the span and the ids are that span's, sampled or not; otherwise they are our own.
 */
export function placeStep(scope: Scope | undefined, call: Call, run: RunState | undefined): Placement {
  const api = otelGlobals()
  if (api === undefined) return { ids: lightIds(scope?.step?.ids), span: undefined, context: undefined }
  const active = activeContext(api)
  const parent = parentOf(scope?.step, active)
  const parentContext =
    parent === undefined
      ? active
      : trace.getSpan(active)?.spanContext().spanId === parent.spanId
        ? active
        : trace.setSpan(active, lightSpan(parent, scope?.step))
  const span = tracerOf(api.trace)?.startSpan(
    spanNameOf(call),
    { kind: spanKindOf(call.spec.kind), attributes: startAttributes(call, run) },
    parentContext,
  )
  const made = span?.spanContext()
  const ids: StepIds =
    made !== undefined && isSpanContextValid(made)
      ? { traceId: made.traceId, spanId: made.spanId, parentSpanId: parent?.spanId ?? '' }
      : lightIds(parent)
  const kept = made !== undefined && ids.spanId === made.spanId ? span : undefined
  return { ids, span: kept, context: api.context === undefined ? undefined : trace.setSpan(active, kept ?? lightSpan(ids, undefined)) }
}

function lightIds(parent: { readonly traceId: string; readonly spanId: string } | undefined): StepIds {
  return { traceId: parent?.traceId ?? randomId32(), spanId: nextSpanId(), parentSpanId: parent?.spanId ?? '' }
}

/** The innermost of our step and the active span: a span that was started inside our step is below it. */
function parentOf(step: Step | undefined, active: Context): { readonly traceId: string; readonly spanId: string } | undefined {
  const span = trace.getSpan(active)?.spanContext()
  const valid = span !== undefined && isSpanContextValid(span)
  if (step === undefined) return valid ? span : undefined
  return valid && active.getValue(STEP_KEY) === step ? span : step.ids
}

/** A span for the context alone: others read the ids off it, and their headers carry them on. */
function lightSpan(ids: { readonly traceId: string; readonly spanId: string }, step: Step | undefined): Span {
  return step?.span ?? trace.wrapSpanContext({ traceId: ids.traceId, spanId: ids.spanId, traceFlags: TraceFlags.SAMPLED })
}

/** The tracer of the SDK that is registered now, before or after this module was loaded; undefined when none is. */
function tracerOf(provider: TracerProvider | undefined): Tracer | undefined {
  if (provider !== undefined && 'getDelegateTracer' in provider && typeof provider.getDelegateTracer === 'function') {
    return provider.getDelegateTracer(SDK_NAME, SDK_VERSION) as Tracer | undefined
  }
  return provider?.getTracer(SDK_NAME, SDK_VERSION)
}

/** The context of `placement` with its step in it. */
export function contextOf(placement: Placement, step: Step): Context | undefined {
  return placement.context?.setValue(STEP_KEY, step)
}

/** Runs our own sending outside of every trace. */
export function withoutTracing<T>(fn: () => T): T {
  return withContext(ROOT_CONTEXT.setValue(SUPPRESS_TRACING_KEY, true), fn)
}

/** Ends the user's span of a step. Its payloads are not the user's SDK's: it gets the kind of the error and no text. */
export function endSpan(span: Span, errorType: string | undefined): void {
  if (errorType !== undefined) {
    span.setAttribute(GENAI.errorType, errorType)
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end()
}

const CLIENT_KINDS: ReadonlySet<StepKind> = new Set<StepKind>(['model', 'embedding', 'retriever', 'reranker', 'wire'])

export function spanKindOf(kind: StepKind): SpanKind {
  return CLIENT_KINDS.has(kind) ? SpanKind.CLIENT : SpanKind.INTERNAL
}

function startAttributes(call: Call, run: RunState | undefined): Record<string, string | number | boolean> {
  const attributes: Record<string, string | number | boolean> = { [ATTR.kind]: call.spec.kind }
  if (run !== undefined) attributes[ATTR.runId] = run.id
  for (const [key, value] of Object.entries(genAiStart(call))) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') attributes[key] = value
  }
  return attributes
}

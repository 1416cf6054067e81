import { randomId32 } from '../../schemas/index.ts'
import { suspendEffects } from '../effects/real.ts'
import type { Recorder } from '../recorder/recorder.ts'
import { currentRecorder } from '../recorder/recorder-lifecycle.ts'
import { observeResult } from '../results/observe.ts'
import { contextOf, placeStep } from '../run/otel.ts'
import { RunState, randomSeed } from '../run/run-state.ts'
import { currentScope, runtime } from '../run/runtime.ts'
import type { Scope } from '../run/scope.ts'
import { Step } from '../run/step.ts'
import { type Callee, type CallSpec, modelOf } from './call-spec.ts'
import { invokeIntercepted } from './invoke-intercepted.ts'

/** Calls `fn` as the step that `spec` describes: recorded, answered by an interceptor, or, with recording off, plainly. */
export function invoke(spec: CallSpec, fn: Callee, self: unknown, args: unknown[]): unknown {
  const scope = currentScope()
  if (scope?.interceptor !== undefined) return invokeIntercepted(spec, scope, scope.interceptor, fn, self, args)
  const recorder = currentRecorder()
  if (recorder === undefined) return invokeUnrecorded(spec, scope, fn, self, args)
  let step: Step
  try {
    // An OpenTelemetry SDK reads clocks too, and so may the program's own getters: what they read is not what its code does.
    step = suspendEffects(() => beginStep(recorder, spec, scope, args))
  } catch {
    recorder.missed(scope?.run)
    return Reflect.apply(fn, self, args)
  }
  let result: unknown
  try {
    result =
      step.otelContext === undefined
        ? runtime().scopes.run(step, Reflect.apply, fn, self, args)
        : step.within(() => Reflect.apply(fn, self, args))
  } catch (error) {
    step.fail(error, 'value')
    throw error
  }
  return observeResult(result, step)
}

/** Recording is off, yet a seeded run has the same random numbers as with it. */
function invokeUnrecorded(spec: CallSpec, scope: Scope | undefined, fn: Callee, self: unknown, args: unknown[]): unknown {
  if (spec.run === undefined) return Reflect.apply(fn, self, args)
  const { training, seed } = spec.run
  const run = scope?.run?.nest(seed, training) ?? new RunState('0'.repeat(32), seed ?? randomSeed(), training)
  const inner: Scope = { interceptor: undefined, token: undefined, step: undefined, run, effects: undefined, otelContext: undefined }
  return runtime().scopes.run(inner, () => Reflect.apply(fn, self, args))
}

function beginStep(recorder: Recorder, spec: CallSpec, scope: Scope | undefined, args: readonly unknown[]): Step {
  const call = { spec, model: modelOf(spec, args) }
  const enclosing = scope?.step === undefined ? undefined : scope.run
  const placement = placeStep(scope, call, enclosing)
  const run =
    enclosing === undefined
      ? openKeptRun(recorder, spec, placement.ids)
      : spec.run === undefined
        ? enclosing
        : enclosing.nest(spec.run.seed, spec.run.training)
  const step = new Step(recorder, run, scope?.step, placement.ids, call, args)
  step.span = placement.span
  step.spanRecorded = placement.span?.isRecording() ?? false
  step.otelContext = contextOf(placement, step)
  if (enclosing === undefined) run.shared.root ??= step
  if (run !== enclosing) run.owner = step
  recorder.started(step)
  return step
}

function openKeptRun(recorder: Recorder, spec: CallSpec, ids: Step['ids']): RunState {
  const run = openRun(recorder, spec, ids)
  if (run.shared.root === undefined && recorder.options.effects.length > 0) run.keepEffects(recorder.options.effects)
  return run
}

/**
 * A run opens with `instrument()`, or with a step outside of one. It has the id of its trace where it opened that too; a step
 * outside of a run but inside somebody else's trace belongs to the run that this trace is.
 */
function openRun(recorder: Recorder, spec: CallSpec, ids: Step['ids']): RunState {
  const training = spec.run?.training ?? false
  const seed = spec.run?.seed ?? randomSeed()
  if (ids.parentSpanId === '') return new RunState(ids.traceId, seed, training)
  return spec.run === undefined ? recorder.runOfTrace(ids.traceId) : new RunState(randomId32(), seed, training)
}

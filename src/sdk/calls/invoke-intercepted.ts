import { type Attributes, OPERATION_OF_KIND, type ResultShape, type StreamEnd } from '../../schemas/index.ts'
import { suspendEffects } from '../effects/real.ts'
import { currentRecorder } from '../recorder/recorder-lifecycle.ts'
import { observeResult } from '../results/observe.ts'
import { RunState, randomSeed } from '../run/run-state.ts'
import { runtime } from '../run/runtime.ts'
import type { Scope } from '../run/scope.ts'
import type { Step } from '../run/step.ts'
import { captureLimits, jsonOfSnapshot } from '../snapshot/capture.ts'
import { Copier, type SnapshotLimits, takeSnapshot } from '../snapshot/snapshot.ts'
import { type Callee, type CallSpec, limitsFor, modelOf } from './call-spec.ts'
import { genAiStart } from './describe.ts'
import type { InterceptedCall, InterceptedOutcome, Interception, Interceptor, JsonOfValue } from './interceptor.ts'
import type { Outcome } from './outcome.ts'
import { BothOutcomes, beginIntercepted, effectsOfRecorded } from './record-intercepted.ts'

/** One call under an interceptor: nothing is recorded, and what the interceptor throws is thrown. */
export function invokeIntercepted(
  spec: CallSpec,
  scope: Scope,
  interceptor: Interceptor,
  fn: Callee,
  self: unknown,
  args: unknown[],
): unknown {
  const call: InterceptedCall = {
    kind: spec.kind,
    operation: OPERATION_OF_KIND[spec.kind],
    name: spec.name,
    effect: spec.effect,
    args,
    restore: spec.results?.restore,
    attributes: attributesOf(spec, args),
    parent: scope.token,
  }
  const interception = suspendEffects(() => interceptor.intercept(call))
  const given = interception.args ?? args
  const step =
    interceptor.recorded === undefined ? undefined : suspendEffects(() => recordedStep(interceptor, spec, scope, interception, given))
  if (interception.mode === 'served') {
    if ('threw' in interception) {
      step?.fail(interception.threw, 'value')
      throw interception.threw
    }
    return step === undefined ? interception.returned : observeResult(interception.returned, step)
  }
  const run = step?.run ?? runOf(spec, scope, interception)
  const served = interceptor.effectsOf?.(interception.token)
  const effects = step === undefined ? served : effectsOfRecorded(served, step)
  const inner: Scope = { interceptor, token: interception.token, step, run, effects, otelContext: undefined }
  const own = new InterceptedStep(inner, limitsFor(spec, captureLimits()), interception.onEnd)
  const outcome = step === undefined ? own : new BothOutcomes(step, own)
  let result: unknown
  try {
    const { around } = interception
    const apply = (): unknown => Reflect.apply(fn, self, given)
    result = outcome.within(() => (around === undefined ? apply() : around(apply)))
  } catch (error) {
    outcome.fail(error, 'value')
    throw error
  }
  return observeResult(result, outcome)
}

/** By wrapper: what is known at the start of each of its calls, unless it reads the model off the request. */
const known = new WeakMap<CallSpec, Attributes>()

function attributesOf(spec: CallSpec, args: readonly unknown[]): Attributes {
  if (typeof spec.model === 'function') return suspendEffects(() => genAiStart({ spec, model: modelOf(spec, args) }))
  let attributes = known.get(spec)
  if (attributes === undefined) known.set(spec, (attributes = Object.freeze(genAiStart({ spec, model: spec.model }))))
  return attributes
}

/** Undefined where nothing is recorded, as in most replays. */
function recordedStep(
  { recorded }: Interceptor,
  spec: CallSpec,
  scope: Scope,
  interception: Interception,
  args: readonly unknown[],
): Step | undefined {
  const recorder = recorded === undefined ? undefined : currentRecorder()
  if (recorded === undefined || recorder === undefined) return undefined
  try {
    return beginIntercepted(recorder, recorded, spec, scope, interception, args)
  } catch {
    recorder.missed(scope.step?.run)
    return undefined
  }
}

function runOf(spec: CallSpec, { run: outer }: Scope, interception: Interception & { mode: 'run' }): RunState {
  const seed = interception.seed ?? spec.run?.seed
  const training = spec.run?.training ?? outer?.training ?? false
  const run =
    outer === undefined || interception.runId !== undefined
      ? new RunState(interception.runId ?? '0'.repeat(32), seed ?? randomSeed(), training)
      : spec.run === undefined && seed === undefined
        ? outer
        : outer.nest(seed, training)
  if (run !== outer) run.ownerToken = interception.token
  return run
}

class InterceptedStep implements Outcome {
  readonly #scope: Scope
  #onEnd: ((outcome: InterceptedOutcome, json?: JsonOfValue) => void) | undefined
  readonly #limits: SnapshotLimits
  readonly #copier: Copier
  readonly #chunks: unknown[] = []
  #returned: unknown

  constructor(scope: Scope, limits: SnapshotLimits, onEnd: (outcome: InterceptedOutcome, json?: JsonOfValue) => void) {
    this.#scope = scope
    this.#limits = limits
    this.#copier = new Copier(limits)
    this.#onEnd = onEnd
  }

  within<T>(fn: () => T): T {
    return runtime().scopes.run(this.#scope, fn)
  }

  delivered(): void {}

  settle(value: unknown, _shape: ResultShape): void {
    if (this.#onEnd === undefined) return
    const snapshot = takeSnapshot(value, this.#limits)
    const outcome: InterceptedOutcome = {
      ok: true,
      get value() {
        return snapshot.value
      },
    }
    this.#end(outcome, () => jsonOfSnapshot(snapshot))
  }

  fail(error: unknown): void {
    this.#end({ ok: false, error })
  }

  openStream(): void {}

  chunk(value: unknown): void {
    if (this.#copier.admitEntry()) this.#chunks.push(this.#copier.copyGuarded(value))
  }

  generatorReturned(value: unknown): void {
    if (this.#onEnd !== undefined) this.#returned = takeSnapshot(value, this.#limits).value
  }

  endStream(end: StreamEnd, error?: unknown): void {
    this.#end(end === 'error' ? { ok: false, error } : { ok: true, value: this.#chunks, returned: this.#returned })
  }

  #end(outcome: InterceptedOutcome, json?: JsonOfValue): void {
    const onEnd = this.#onEnd
    this.#onEnd = undefined
    if (onEnd !== undefined) suspendEffects(() => onEnd(outcome, json))
  }
}

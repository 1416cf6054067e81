import { OPERATION_OF_KIND, type ResultShape, type StreamEnd } from '../schemas/index.ts'
import { type Callee, type CallSpec, limitsFor, modelOf } from './call-spec.ts'
import { captureLimits } from './capture.ts'
import { genAiStart } from './describe.ts'
import { suspendEffects } from './effects/real.ts'
import type { InterceptedCall, InterceptedOutcome, Interceptor } from './interceptor.ts'
import type { Outcome } from './outcome.ts'
import { observeResult } from './results/observe.ts'
import { RunState, randomSeed } from './run-state.ts'
import { runtime } from './runtime.ts'
import type { Scope } from './scope.ts'
import { Copier, type SnapshotLimits, takeSnapshot } from './snapshot.ts'

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
    ...(spec.effect !== undefined && { effect: spec.effect }),
    args,
    attributes: suspendEffects(() => genAiStart({ spec, model: modelOf(spec, args) })),
    parent: scope.token,
  }
  const interception = suspendEffects(() => interceptor.intercept(call))
  if (interception.mode === 'served') {
    if ('threw' in interception) throw interception.threw
    return interception.returned
  }
  const seed = interception.seed ?? spec.run?.seed
  const outer = scope.run
  const training = spec.run?.training ?? outer?.training ?? false
  const run =
    outer === undefined || interception.runId !== undefined
      ? new RunState(interception.runId ?? '0'.repeat(32), seed ?? randomSeed(), training)
      : spec.run === undefined && seed === undefined
        ? outer
        : outer.nest(seed, training)
  if (run !== outer) run.ownerToken = interception.token
  const effects = interceptor.effectsOf?.(interception.token)
  const inner: Scope = { interceptor, token: interception.token, step: undefined, run, effects, otelContext: undefined }
  const outcome = new InterceptedStep(inner, limitsFor(spec, captureLimits()), interception.onEnd)
  let result: unknown
  try {
    const { around } = interception
    const apply = (): unknown => Reflect.apply(fn, self, args)
    result = outcome.within(() => (around === undefined ? apply() : around(apply)))
  } catch (error) {
    outcome.fail(error)
    throw error
  }
  return observeResult(result, outcome)
}

class InterceptedStep implements Outcome {
  readonly #scope: Scope
  #onEnd: ((outcome: InterceptedOutcome) => void) | undefined
  readonly #limits: SnapshotLimits
  readonly #copier: Copier
  readonly #chunks: unknown[] = []

  constructor(scope: Scope, limits: SnapshotLimits, onEnd: (outcome: InterceptedOutcome) => void) {
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
    if (this.#onEnd !== undefined) this.#end({ ok: true, value: takeSnapshot(value, this.#limits).value })
  }

  fail(error: unknown): void {
    this.#end({ ok: false, error })
  }

  openStream(): void {}

  chunk(value: unknown): void {
    if (this.#copier.admitEntry()) this.#chunks.push(this.#copier.copyGuarded(value))
  }

  endStream(end: StreamEnd, error?: unknown): void {
    this.#end(end === 'error' ? { ok: false, error } : { ok: true, value: this.#chunks })
  }

  #end(outcome: InterceptedOutcome): void {
    const onEnd = this.#onEnd
    this.#onEnd = undefined
    if (onEnd !== undefined) suspendEffects(() => onEnd(outcome))
  }
}

import type { Attributes, Effect, EffectHead, StepKind } from '../../schemas/index.ts'
import type { Effects } from '../effects/effects.ts'
import { runtime } from '../run/runtime.ts'
import type { Scope } from '../run/scope.ts'
import type { Restore } from './call-spec.ts'

/** One call of a wrapped function, before anything has run. */
export interface InterceptedCall {
  readonly kind: StepKind
  readonly operation: string
  /** The name the user gave the step. */
  readonly name: string
  readonly effect?: Effect | undefined
  /** The arguments themselves; `captureArguments` gives the snapshot that recording would keep. */
  readonly args: readonly unknown[]
  /** What the user makes of a recorded value before the program gets it. It may throw. */
  readonly restore?: Restore | undefined
  /** What is known at the start: provider, model, step attributes. */
  readonly attributes?: Attributes
  /** The token that the interceptor gave for the enclosing step; undefined at the root. */
  readonly parent: unknown
}

export type InterceptedOutcome =
  | {
      readonly ok: true
      readonly value: unknown
      /** What a generator returned beside its chunks, which are the value. */
      readonly returned?: unknown
    }
  | { readonly ok: false; readonly error: unknown }

/** The UTF-8 text that `encodeValue` gives of a value, where it can be had without the value: a view, valid until the next is asked for. */
export type JsonOfValue = () => Uint8Array | undefined

export type Interception =
  | {
      /** The function runs, and its own steps get `token` as their parent. */
      readonly mode: 'run'
      readonly token: unknown
      /** For `currentRun().random()` in and below this step; the enclosing seed when absent. */
      readonly seed?: string
      /** What `currentRun().id` gives in and below this step; the enclosing id when absent. */
      readonly runId?: string
      /** Runs the function: where it is given, in whatever surroundings the interceptor wants for it. */
      around?<T>(fn: () => T): T
      /** In the place of the arguments of the call. */
      readonly args?: readonly unknown[]
      /** Where the run is recorded: attributes of the step. */
      readonly attributes?: Attributes
      /** Called once: the value as captured, of a stream the array of its chunks when it ends; or the error itself. */
      onEnd(outcome: InterceptedOutcome, json?: JsonOfValue): void
    }
  /** Handed to the caller as it is: the interceptor builds the promise, iterable or stream itself. */
  | (ServedMark & { readonly returned: unknown })
  | (ServedMark & { readonly threw: unknown })

interface ServedMark {
  readonly mode: 'served'
  /** Where the run is recorded: arguments in the place of those of the call, and attributes of the step. */
  readonly args?: readonly unknown[]
  readonly attributes?: Attributes
}

/** What is recorded under an interceptor. */
export interface RecordedInterception {
  /** Where the clocks stand that the program is given; undefined: the machine's. */
  readonly head: EffectHead | undefined
  /** Told when the run opens. */
  onOpened(runId: string): void
}

/**
 * Answers calls of wrapped functions in the place of recording them. What an interceptor throws reaches the caller of the
 * wrapped function: it is how a replay stops a program.
 */
export interface Interceptor {
  intercept(call: InterceptedCall): Interception
  /** Where the code of the step that `token` stands for has time and chance from; undefined: from the machine. */
  effectsOf?(token: unknown): Effects | undefined
  /** Set where what happens under the interceptor is recorded, as a run of its own. */
  readonly recorded?: RecordedInterception | undefined
  /** A metric or other event of the step that `token` stands for. */
  onEvent?(token: unknown, event: { readonly name: string; readonly attributes: Attributes }): void
}

/**
 * Runs `fn` with `interceptor` answering every wrapped call in it, however deep and however late, and nothing recorded or
 * sent, unless the interceptor asks for that. Scoped by async context, shared by all loaded copies of this package.
 */
export function runWithInterceptor<T>(interceptor: Interceptor, fn: () => T): T {
  const scope: Scope = { interceptor, token: undefined, step: undefined, run: undefined, effects: undefined, otelContext: undefined }
  return runtime().scopes.run(scope, fn)
}

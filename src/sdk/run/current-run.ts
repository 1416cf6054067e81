import { ATTR, type Attributes, MEDIA_TYPE, type StepKind } from '../../schemas/index.ts'
import { callSpec } from '../calls/call-spec.ts'
import { invoke } from '../calls/invoke.ts'
import { attributesOf, mediaTypeOr, metricValue, nameOr } from '../calls/said.ts'
import { createRandom } from './random.ts'
import { randomSeed } from './run-state.ts'
import { currentScope, runtime } from './runtime.ts'
import type { Scope } from './scope.ts'

/** Kinds that `step` can give a step: all of them run again in replay. */
export type OwnStepKind = Extract<StepKind, 'training.epoch' | 'training.step' | 'evaluation' | 'checkpoint' | 'stage' | 'custom'>

const OWN_KINDS: ReadonlySet<StepKind> = new Set<OwnStepKind>([
  'training.epoch',
  'training.step',
  'evaluation',
  'checkpoint',
  'stage',
  'custom',
])

/** What a user says of a step. All but `name` and `kind` is its input, so what a replay knows it by. */
export interface StepAttributes {
  readonly name?: string
  /** Default: `training.step` in a training run, otherwise `custom`. */
  readonly kind?: OwnStepKind
  /** Place in its loop. */
  readonly index?: number
  readonly [key: string]: string | number | boolean | undefined
}

export interface StepHandle {
  /** Keeps a number that was measured: the first 4,096 of a step, and the number of the others. */
  metric(name: string, value: number): void
}

export interface CurrentRun extends StepHandle {
  /** 32 hex digits; all zeros outside of a run, and where recording is off. */
  readonly id: string
  /** Runs `fn` as a step of the run and gives back what it returns. */
  step<T>(attributes: StepAttributes, fn: (step: StepHandle) => T): T
  /** The random stream of that name, numbers in [0, 1): the same for the same seed and name, on any machine. */
  random(name: string): () => number
  /**
   * Reads something of the machine by `fn` (a file, a variable of the environment, a setting) and gives back what it gives, a promise or a
   * value, or throws what it throws. What was read is recorded as a tool call with effect `read`, redacted, and served in a replay, where
   * `fn` is not called. A name stands for one thing: reads of the same name are told apart by their order.
   */
  read<T>(name: string, fn: () => T): T
  /** Keeps bytes or text with the run: weights, a data set, a report. Resolved once they are copied. */
  artifact(name: string, data: Uint8Array | string, options?: { readonly mediaType?: string }): Promise<void>
}

/** The run that the calling code is part of. Outside of any it is a run that records nothing and harms nothing. */
export function currentRun(): CurrentRun {
  const scope = currentScope()
  return scope?.run === undefined ? NO_RUN : runOf(scope)
}

function runOf(scope: Scope): CurrentRun {
  const run = scope.run
  // A handle may be used where the async context was lost; it then works where it was taken.
  const inScope = <T>(fn: () => T): T => (currentScope()?.run?.shared === run?.shared ? fn() : runtime().scopes.run(scope, fn))
  return {
    id: run?.shared.shownId ?? run?.id ?? NO_RUN.id,
    step: (attributes, fn) => inScope(() => runStep(attributes, fn)),
    random: (name) => run?.random(String(name)) ?? NO_RUN.random(name),
    read: (name, fn) =>
      inScope(() => invoke(callSpec({ kind: 'tool', name: nameOr(name, 'read'), effect: 'read' }), fn, undefined, [])) as ReturnType<
        typeof fn
      >,
    metric: (name, value) => addMetric({ ...scope, step: run?.owner, token: run?.ownerToken }, name, value),
    artifact: async (name, data, options) => inScope(() => keepArtifact(name, data, options?.mediaType)),
  }
}

function runStep<T>(attributes: StepAttributes, fn: (step: StepHandle) => T): T {
  const { name, kind, ...input } = attributes ?? {}
  const own = kind !== undefined && OWN_KINDS.has(kind) ? kind : currentScope()?.run?.training === true ? 'training.step' : 'custom'
  const spec = callSpec({ kind: own, name: nameOr(name, 'step'), attributes: attributesOf(input) })
  return invoke(spec, () => fn(stepHandle()), undefined, [input]) as T
}

/** Inside the step that has just been started. */
function stepHandle(): StepHandle {
  const scope = currentScope()
  return { metric: (name, value) => addMetric(scope, name, value) }
}

function keepArtifact(name: string, data: Uint8Array | string, asked: string | undefined): void {
  const training = currentScope()?.run?.training ?? false
  const artifact = nameOr(name, 'artifact')
  const mediaType = mediaTypeOr(asked, typeof data === 'string' ? MEDIA_TYPE.text : MEDIA_TYPE.bytes)
  const attributes: Attributes = { [ATTR.artifactName]: artifact }
  const spec = callSpec({ kind: training ? 'checkpoint' : 'custom', name: artifact, attributes, results: { mediaType } })
  invoke(spec, () => data, undefined, [{ artifact, mediaType }])
}

function addMetric(scope: Pick<Scope, 'step' | 'token' | 'interceptor'> | undefined, name: string, value: number): void {
  const attributes: Attributes = { [ATTR.metricName]: nameOr(name, 'metric'), [ATTR.metricValue]: metricValue(value) }
  scope?.step?.addEvent(METRIC_EVENT, attributes)
  scope?.interceptor?.onEvent?.(scope.token, { name: METRIC_EVENT, attributes })
}

const METRIC_EVENT = 'reprise.metric'

// Outside of a run numbers are random, yet of one stream per name, as in a run.
const looseSeed = randomSeed()
const looseStreams = new Map<string, () => number>()

const NO_RUN: CurrentRun = {
  id: '0'.repeat(32),
  step: (_attributes, fn) => fn({ metric: () => {} }),
  random: (name) => {
    const stream = looseStreams.get(name) ?? createRandom(looseSeed, String(name))
    if (looseStreams.size < 1000) looseStreams.set(name, stream)
    return stream
  },
  read: (_name, fn) => fn(),
  metric: () => {},
  artifact: async () => {},
}

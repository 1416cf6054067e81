import type { Effect } from '../../schemas/index.ts'
import type { CallSpec, Restore } from './call-spec.ts'
import { ignoring } from './ignore.ts'
import { effectOr, nameOr } from './said.ts'
import { type AnyFunction, wrapFunction } from './wrap.ts'

export interface InstrumentOptions {
  /** `training`: a training run, whose steps are training steps. */
  readonly kind?: 'run' | 'training'
  /** Default: the function's own name. */
  readonly name?: string
  /** Feeds `currentRun().random(name)` and is recorded; made up and recorded when absent. */
  readonly seed?: number | string
}

export interface NamedOptions {
  /** Default: the function's own name. Part of what a replay matches calls by. */
  readonly name?: string
  /**
   * What a replay does not match calls by: JSON pointers (RFC 6901) into the list of arguments, `*` for any member or element, such as
   * `/0/metadata/requestId`. Recorded with the run. The fields themselves are recorded as ever; a rule of the redaction policy keeps
   * them out. At most 16, of 256 characters together.
   * @throws RepriseError `invalid_option` from the wrapper
   */
  readonly ignore?: readonly string[]
}

export interface ServedOptions extends NamedOptions {
  /**
   * For calls that give instances of classes: a record holds their own fields, not their methods and getters. Called in a replay, for each
   * result, chunk of a stream and error, with what was recorded; what it returns is given to the program. Where it throws the step is missing.
   */
  readonly restore?: Restore
}

export interface ModelOptions<F extends AnyFunction> extends ServedOptions {
  /** The provider as OpenTelemetry names it: `openai`, `anthropic`, `gcp.gemini`, … */
  readonly provider?: string
  /** The model asked for, or how to read it off the first argument. */
  readonly model?: string | ((request: Parameters<F>[0]) => string | undefined)
}

export interface RetrieverOptions<F extends AnyFunction> extends ServedOptions {
  /** The hits as documents with `id`, `score`, `content`, as far as they have them; called once per result. */
  readonly documents?: (hits: Awaited<ReturnType<F>>) => readonly unknown[]
}

export interface ToolOptions extends ServedOptions {
  /**
   * What it may do outside the program. Default `write`: a tool of which nothing is known never runs live in a replay.
   * @throws RepriseError `invalid_option` from the wrapper
   */
  readonly effect?: Effect
}

/** Records each call of `fn` as a run; inside a run, as a step of it that runs again in replay. */
export function instrument<F extends AnyFunction>(fn: F, options: InstrumentOptions = {}): F {
  const training = options.kind === 'training'
  const seed = options.seed === undefined ? undefined : String(options.seed)
  return wrapFunction(fn, { kind: training ? 'training.run' : 'run', name: nameOf(fn, options, 'run'), run: { training, seed } })
}

/** A call of a language model. */
export function model<F extends AnyFunction>(fn: F, options: ModelOptions<F> = {}): F {
  return wrapFunction(fn, {
    kind: 'model',
    name: nameOf(fn, options, 'model'),
    effect: 'read',
    provider: options.provider,
    model: modelOf(options),
    ...ignoring(options),
    ...restoring(options),
  })
}

/** A call that turns text into vectors. */
export function embedding<F extends AnyFunction>(fn: F, options: ModelOptions<F> = {}): F {
  return wrapFunction(fn, {
    kind: 'embedding',
    name: nameOf(fn, options, 'embedding'),
    effect: 'read',
    provider: options.provider,
    model: modelOf(options),
    ...ignoring(options),
    ...restoring(options),
  })
}

/** A search over documents. */
export function retriever<F extends AnyFunction>(fn: F, options: RetrieverOptions<F> = {}): F {
  const documents = options.documents as ((result: unknown) => unknown) | undefined
  return wrapFunction(fn, {
    kind: 'retriever',
    name: nameOf(fn, options, 'retriever'),
    effect: 'read',
    results: { documents, restore: options.restore },
    ...ignoring(options),
  })
}

/** A reordering of documents. */
export function reranker<F extends AnyFunction>(fn: F, options: ModelOptions<F> & RetrieverOptions<F> = {}): F {
  const documents = options.documents as ((result: unknown) => unknown) | undefined
  return wrapFunction(fn, {
    kind: 'reranker',
    name: nameOf(fn, options, 'reranker'),
    effect: 'read',
    provider: options.provider,
    model: modelOf(options),
    ...ignoring(options),
    results: { documents, restore: options.restore },
  })
}

/** Something that a model may ask for: it may read or change the world. */
export function tool<F extends AnyFunction>(fn: F, options: ToolOptions = {}): F {
  const effect = effectOr(options.effect, 'write')
  return wrapFunction(fn, { kind: 'tool', name: nameOf(fn, options, 'tool'), effect, ...ignoring(options), ...restoring(options) })
}

/** A part of the program that decides by itself what to call; it runs again in replay. */
export function agent<F extends AnyFunction>(fn: F, options: NamedOptions = {}): F {
  return wrapFunction(fn, { kind: 'agent', name: nameOf(fn, options, 'agent'), ...ignoring(options) })
}

function restoring({ restore }: ServedOptions): Pick<CallSpec, 'results'> {
  return restore === undefined ? {} : { results: { restore } }
}

function modelOf<F extends AnyFunction>({ model }: ModelOptions<F>): string | ((request: unknown) => unknown) | undefined {
  return typeof model === 'function' ? (model as (request: unknown) => unknown) : model
}

function nameOf(fn: AnyFunction, { name }: NamedOptions, otherwise: string): string {
  return nameOr(name, nameOr(typeof fn === 'function' ? fn.name : '', otherwise))
}

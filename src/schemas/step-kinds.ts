/** The kinds of step a record can describe. The order is the order of display. */
export const STEP_KINDS = [
  'run',
  'agent',
  'model',
  'embedding',
  'retriever',
  'reranker',
  'tool',
  'evaluation',
  'training.run',
  'training.epoch',
  'training.step',
  'checkpoint',
  'stage',
  'custom',
  'wire',
] as const
export type StepKind = (typeof STEP_KINDS)[number]

/** Kinds whose recorded result is served in replay; every other kind runs again. */
export const SERVED_KINDS: ReadonlySet<StepKind> = new Set<StepKind>(['model', 'embedding', 'retriever', 'reranker', 'tool', 'wire'])

/** What a step may do outside the program's memory. `write` never runs live in replay without an explicit allow. */
export const EFFECTS = ['pure', 'read', 'write'] as const
export type Effect = (typeof EFFECTS)[number]

/** `replayable`: captured by our SDK. `observed`: a foreign span, viewable and comparable only. */
export const FIDELITIES = ['replayable', 'observed'] as const
export type Fidelity = (typeof FIDELITIES)[number]

/** The form in which a wrapped function handed back its result; replay hands it back in the same form. */
export const RESULT_SHAPES = [
  'value',
  'promise',
  'async-iterable',
  'promise-async-iterable',
  'readable-stream',
  'promise-readable-stream',
] as const
export type ResultShape = (typeof RESULT_SHAPES)[number]

/** How a stream came to its end; `open` when the run ended first. */
export const STREAM_ENDS = ['done', 'error', 'cancelled', 'open'] as const
export type StreamEnd = (typeof STREAM_ENDS)[number]

/** The six labels of a replayed step, the same words everywhere. */
export const LABELS = ['exact', 'cached', 'live', 'diverged', 'missing', 'unstable'] as const
export type Label = (typeof LABELS)[number]

/** Operation names, from the OpenTelemetry GenAI conventions where they have one. */
export const OPERATION_OF_KIND: Readonly<Record<StepKind, string>> = {
  run: 'run',
  agent: 'invoke_agent',
  model: 'chat',
  embedding: 'embeddings',
  retriever: 'retrieval',
  reranker: 'rerank',
  tool: 'execute_tool',
  evaluation: 'evaluate',
  'training.run': 'train',
  'training.epoch': 'train_epoch',
  'training.step': 'train_step',
  checkpoint: 'checkpoint',
  stage: 'stage',
  custom: 'custom',
  wire: 'http',
}

// The words that records may say, apart from the validators: who only writes or reads them need not load zod.
export const SPAN_KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const
export type SpanKind = (typeof SPAN_KINDS)[number]

export const STATUS_CODES = ['unset', 'ok', 'error'] as const
export type StatusCode = (typeof STATUS_CODES)[number]

export const RUN_STATUSES = ['ok', 'error', 'running', 'interrupted'] as const
export type RunStatus = (typeof RUN_STATUSES)[number]

export const DIVERGENCE_REASONS = [
  'unmatched',
  'exhausted',
  'unused',
  'missing',
  'changed-container',
  'output',
  'order',
  'socket',
  'swallowed',
] as const

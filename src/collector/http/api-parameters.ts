import {
  type Fidelity,
  parseTime,
  RUN_STATUSES,
  type RunStatus,
  STEP_KINDS,
  type StepKind,
  TIME_ACCEPTS,
  TIME_PATTERN,
} from '../../schemas/index.ts'
import { ApiError } from './api-error.ts'

export type JsonSchema = Readonly<Record<string, unknown>>

/** A query parameter: how its text is read, and how the OpenAPI document describes it. */
export interface Parameter<T> {
  readonly doc: string
  readonly schema: JsonSchema
  /** Ends the sentence "expected …". */
  readonly accepts: string
  readonly parse: (text: string) => T | undefined
  /** May be given more than once; every one must hold. */
  readonly repeats?: true
}

type Repeated<T> = Parameter<T> & { readonly repeats: true }

export const LIMIT_DEFAULT = 50
export const LIMIT_MAX = 1_000
const CURSOR_MAX = 200
const TEXT_MAX = 200
export const REPEATS_MAX = 20

function oneOf<const T extends string>(doc: string, words: readonly T[]): Parameter<T> {
  return {
    doc,
    schema: { type: 'string', enum: words },
    accepts: `one of ${words.join(', ')}`,
    parse: (text) => words.find((word) => word === text),
  }
}

function text(doc: string): Parameter<string> {
  return {
    doc,
    schema: { type: 'string', minLength: 1, maxLength: TEXT_MAX },
    accepts: `1 to ${TEXT_MAX} characters`,
    // JSON Schema counts code points, of which each is one or two units.
    parse: (given) => (given.length > 0 && given.length <= 2 * TEXT_MAX && [...given].length <= TEXT_MAX ? given : undefined),
  }
}

function whole(doc: string, least: number, most: number): Parameter<number> {
  return {
    doc,
    schema: { type: 'integer', minimum: least, maximum: most },
    accepts: `a whole number from ${least} to ${most}`,
    parse: (given) => {
      const value = /^[0-9]{1,16}$/.test(given) ? Number(given) : Number.NaN
      return value >= least && value <= most ? value : undefined
    },
  }
}

function time(doc: string): Parameter<string> {
  return { doc, schema: { type: 'string', pattern: TIME_PATTERN }, accepts: TIME_ACCEPTS, parse: parseTime }
}

/** A number as JSON writes it, that is not negative. */
const AMOUNT = /^[0-9]{1,20}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,3})?$/

function amount(doc: string): Parameter<number> {
  return {
    doc,
    schema: { type: 'number', minimum: 0, maximum: 1_000_000 },
    accepts: 'a number from 0 to 1000000',
    parse: (given) => (AMOUNT.test(given) && Number(given) <= 1_000_000 ? Number(given) : undefined),
  }
}

const limit = whole('How many at most; 50 when it is not given.', 1, LIMIT_MAX)
const cursor: Parameter<string> = {
  doc: 'The `next` of an earlier page with the same parameters.',
  schema: { type: 'string', pattern: '^[A-Za-z0-9_-]+$', maxLength: CURSOR_MAX },
  accepts: 'the "next" of an earlier page',
  parse: (given) => (given !== '' && given.length <= CURSOR_MAX ? given : undefined),
}

export const RUN_PARAMETERS: {
  readonly limit: Parameter<number>
  readonly cursor: Parameter<string>
  readonly kind: Parameter<StepKind>
  readonly status: Parameter<RunStatus>
  readonly fidelity: Parameter<Fidelity>
  readonly name: Parameter<string>
  readonly namePrefix: Parameter<string>
  readonly nameContains: Parameter<string>
  readonly model: Parameter<string>
  readonly session: Parameter<string>
  readonly tag: Repeated<string>
  readonly from: Parameter<string>
  readonly to: Parameter<string>
  readonly costMin: Parameter<number>
  readonly costMax: Parameter<number>
  readonly text: Parameter<string>
} = {
  limit,
  cursor,
  kind: oneOf('Only runs of this kind.', STEP_KINDS),
  status: oneOf('Only runs with this status.', RUN_STATUSES),
  fidelity: oneOf('Only runs of this fidelity.', ['replayable', 'observed']),
  name: text('Only runs of exactly this name.'),
  namePrefix: text('Only runs whose name begins with this, whatever the case of ASCII letters.'),
  nameContains: text('Only runs whose name holds this, whatever the case of ASCII letters.'),
  model: text('Only runs with a step that asked for this model.'),
  session: text('Only runs of this session.'),
  tag: { ...text('Only runs with this tag: `key=value`, a key alone, or a bare word.'), repeats: true },
  from: time('Only runs that started at or after this time.'),
  to: time('Only runs that started before this time.'),
  costMin: amount('Only runs that are known to have cost at least this, in US dollars.'),
  costMax: amount('Only runs that are known to have cost at most this, in US dollars.'),
  text: text('Only runs with a step whose name holds this, whatever the case of ASCII letters.'),
}

export const STEP_PARAMETERS: {
  readonly limit: Parameter<number>
  readonly cursor: Parameter<string>
  readonly kind: Repeated<StepKind>
  readonly status: Parameter<'ok' | 'error' | 'open'>
  readonly fromSequence: Parameter<number>
  readonly toSequence: Parameter<number>
  readonly from: Parameter<string>
  readonly to: Parameter<string>
  readonly maxDepth: Parameter<number>
  readonly nameContains: Parameter<string>
} = {
  limit,
  cursor,
  kind: { ...oneOf('Only steps of this kind; of several, any.', STEP_KINDS), repeats: true },
  status: oneOf('Only steps that ended well, failed, or have not ended.', ['ok', 'error', 'open']),
  fromSequence: whole('Only steps from this place in the call order, from 0.', 0, Number.MAX_SAFE_INTEGER),
  toSequence: whole('Only steps up to this place in the call order.', 0, Number.MAX_SAFE_INTEGER),
  from: time('Only steps that started at or after this time.'),
  to: time('Only steps that started before this time.'),
  maxDepth: whole('Only steps with at most so many steps above them; 0 is the root.', 0, 1000),
  nameContains: text('Only steps whose name holds this, whatever the case of ASCII letters.'),
}

export const LOG_PARAMETERS: {
  readonly limit: Parameter<number>
  readonly cursor: Parameter<string>
  readonly span: Parameter<string>
  readonly severityMin: Parameter<number>
} = {
  limit,
  cursor,
  span: {
    doc: 'Only log records of this step.',
    schema: { type: 'string', pattern: '^[0-9a-f]{16}$' },
    accepts: '16 lowercase hex digits',
    parse: (given) => (/^[0-9a-f]{16}$/.test(given) ? given : undefined),
  },
  severityMin: whole('Only log records at least so severe, as OpenTelemetry numbers them.', 1, 24),
}

export const LIVE_PARAMETERS: { readonly run: Parameter<string> } = {
  run: {
    doc: 'Only what belongs to this run.',
    schema: { type: 'string', pattern: '^[0-9a-f]{32}$' },
    accepts: '32 lowercase hex digits',
    parse: (given) => (/^[0-9a-f]{32}$/.test(given) ? given : undefined),
  },
}

export type Parameters = Readonly<Record<string, Parameter<unknown>>>
type ValueOf<P> = P extends { repeats: true; parse: (text: string) => infer T }
  ? NonNullable<T>[]
  : P extends { parse: (text: string) => infer T }
    ? NonNullable<T>
    : never
export type ValuesOf<T extends Parameters> = { -readonly [K in keyof T]?: ValueOf<T[K]> }

/**
 * Reads the query of a URL. A parameter given twice is as wrong as one that is not known: which of the two was meant cannot
 * be told.
 * @throws ApiError 400 naming the parameter and what it accepts
 */
export function readParameters<T extends Parameters>(table: T, given: URLSearchParams): ValuesOf<T> {
  const values: Record<string, unknown> = {}
  for (const [key, value] of given) {
    const parameter = Object.hasOwn(table, key) ? table[key] : undefined
    if (parameter === undefined) {
      throw new ApiError(400, 'invalid_argument', `unknown parameter; expected ${Object.keys(table).join(', ') || 'none'}`)
    }
    const parsed = parameter.parse(value)
    if (parsed === undefined) throw new ApiError(400, 'invalid_argument', `${key}: expected ${parameter.accepts}`)
    if (parameter.repeats === true) {
      const earlier = (values[key] ?? []) as unknown[]
      if (earlier.length >= REPEATS_MAX) throw new ApiError(400, 'invalid_argument', `${key}: given more than ${REPEATS_MAX} times`)
      values[key] = [...earlier, parsed]
    } else {
      if (Object.hasOwn(values, key)) throw new ApiError(400, 'invalid_argument', `${key}: given more than once`)
      values[key] = parsed
    }
  }
  return values as ValuesOf<T>
}

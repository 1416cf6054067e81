import { RUN_STATUSES, type RunStatus, STEP_KINDS, type StepKind } from '../../schemas/index.ts'
import { ApiError } from './api-error.ts'

export const LIMIT_DEFAULT = 50
export const LIMIT_MAX = 1_000
const CURSOR_MAX = 1_024
const TEXT_MAX = 200

export interface PageQuery {
  readonly limit: number
  readonly cursor?: string
}

export interface RunsQuery extends PageQuery {
  readonly kind?: StepKind
  readonly status?: RunStatus
  readonly q?: string
}

/** A parameter given twice is as wrong as one that is not known: which of the two was meant cannot be told. */
function singleValues(parameters: URLSearchParams, allowed: readonly string[]): Map<string, string> {
  const values = new Map<string, string>()
  for (const [key, value] of parameters) {
    if (!allowed.includes(key)) throw new ApiError(400, 'invalid_argument', `unknown parameter; expected ${allowed.join(', ')}`)
    if (values.has(key)) throw new ApiError(400, 'invalid_argument', `${key}: given more than once`)
    values.set(key, value)
  }
  return values
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return LIMIT_DEFAULT
  const limit = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0
  if (limit < 1 || limit > LIMIT_MAX) throw new ApiError(400, 'invalid_argument', `limit: expected a whole number from 1 to ${LIMIT_MAX}`)
  return limit
}

function cursorOf(text: string | undefined): { cursor?: string } {
  if (text === undefined) return {}
  if (text === '' || text.length > CURSOR_MAX) throw new ApiError(400, 'invalid_argument', 'cursor: expected the "next" of an earlier page')
  return { cursor: text }
}

function oneOf<const T extends string>(key: string, allowed: readonly T[], text: string): T {
  const found = allowed.find((candidate) => candidate === text)
  if (found === undefined) throw new ApiError(400, 'invalid_argument', `${key}: expected one of ${allowed.join(', ')}`)
  return found
}

/** @throws ApiError 400 naming the parameter and what it accepts */
export function pageQueryOf(parameters: URLSearchParams): PageQuery {
  const values = singleValues(parameters, ['limit', 'cursor'])
  return { limit: limitOf(values.get('limit')), ...cursorOf(values.get('cursor')) }
}

/** @throws ApiError 400 naming the parameter and what it accepts */
export function runsQueryOf(parameters: URLSearchParams): RunsQuery {
  const values = singleValues(parameters, ['limit', 'cursor', 'kind', 'status', 'q'])
  const kind = values.get('kind')
  const status = values.get('status')
  const q = values.get('q')
  if (q !== undefined && q.length > TEXT_MAX) throw new ApiError(400, 'invalid_argument', `q: expected at most ${TEXT_MAX} characters`)
  return {
    limit: limitOf(values.get('limit')),
    ...cursorOf(values.get('cursor')),
    ...(kind !== undefined && { kind: oneOf('kind', STEP_KINDS, kind) }),
    ...(status !== undefined && { status: oneOf('status', RUN_STATUSES, status) }),
    ...(q !== undefined && q !== '' && { q }),
  }
}

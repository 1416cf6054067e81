import type { ListLogsQuery, ListRunsQuery, ListStepsQuery } from '../../store/index.ts'
import { LIMIT_DEFAULT, LOG_PARAMETERS, RUN_PARAMETERS, readParameters, STEP_PARAMETERS } from './api-parameters.ts'

/** @throws ApiError 400 naming the parameter and what it accepts */
export function runsQueryOf(given: URLSearchParams): ListRunsQuery {
  const { limit = LIMIT_DEFAULT, tag, from, to, text, ...rest } = readParameters(RUN_PARAMETERS, given)
  return {
    limit,
    ...rest,
    ...(tag !== undefined && { tags: tag }),
    ...(from !== undefined && { fromNanos: from }),
    ...(to !== undefined && { toNanos: to }),
    ...(text !== undefined && { stepText: text }),
  }
}

/** @throws ApiError 400 naming the parameter and what it accepts */
export function stepsQueryOf(given: URLSearchParams): ListStepsQuery {
  const { limit = LIMIT_DEFAULT, kind, from, to, ...rest } = readParameters(STEP_PARAMETERS, given)
  return {
    limit,
    ...rest,
    ...(kind !== undefined && { kinds: kind }),
    ...(from !== undefined && { fromNanos: from }),
    ...(to !== undefined && { toNanos: to }),
  }
}

/** @throws ApiError 400 naming the parameter and what it accepts */
export function logsQueryOf(given: URLSearchParams): ListLogsQuery {
  const { limit = LIMIT_DEFAULT, span, ...rest } = readParameters(LOG_PARAMETERS, given)
  return { limit, ...rest, ...(span !== undefined && { spanId: span }) }
}

import { isWireText, textOf, type WireAttribute, type WireLog, type WireValue } from '../../otlp/index.ts'
import { ATTR, type Cut } from '../../schemas/index.ts'
import { type Rejection, runIdIn, Unacceptable } from './normalize.ts'

/** A log record in canonical terms, whose strings are still as they were sent. */
export interface LogDraft {
  readonly type: 'log'
  readonly log: WireLog
  /** Undefined for a record that belongs to no run. */
  readonly runId: string | undefined
  readonly eventName: string
  /** Undefined where there is none, or none that OpenTelemetry knows. */
  readonly severityNumber: number | undefined
  readonly cuts: readonly Cut[]
  /** What is left when the fields above have been lifted out. */
  readonly attributes: readonly WireAttribute[]
}

/** What events were called by before log records had a field for it (OTLP up to 1.4). The attribute stays where it is. */
const EVENT_NAME = 'event.name'
const SEVERITY_MAX = 24

function nameIn(value: WireValue): string {
  if (typeof value === 'string') return value
  return isWireText(value) ? textOf(value) : ''
}

/** One log record of any sender in canonical terms. Pure. What cannot be read makes it a rejection that names the attribute. */
export function normalizeLog(log: WireLog): LogDraft | Rejection {
  const attributes: WireAttribute[] = []
  let runId: string | undefined
  let eventName = ''
  try {
    for (const attribute of log.attributes) {
      const [key, value] = attribute
      if (key === ATTR.runId) {
        runId = runIdIn(key, value)
        continue
      }
      if (key === EVENT_NAME) eventName = nameIn(value)
      attributes.push(attribute)
    }
  } catch (error) {
    if (error instanceof Unacceptable) return { type: 'rejected', reason: error.message }
    throw error
  }
  const cuts: Cut[] = log.invalidIds.map((name) => ({ what: `/${name}`, reason: 'invalid_id', count: 1 }))
  const known = log.severityNumber >= 1 && log.severityNumber <= SEVERITY_MAX
  if (!known && log.severityNumber !== 0) cuts.push({ what: '/severityNumber', reason: 'out_of_range', count: 1 })
  return {
    type: 'log',
    log,
    runId: runId ?? (log.traceId === '' ? undefined : log.traceId),
    eventName: log.eventName === '' ? eventName : log.eventName,
    severityNumber: known ? log.severityNumber : undefined,
    cuts,
    attributes,
  }
}

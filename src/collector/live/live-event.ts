import { type AttributeValue, type LiveEvent, parseJson } from '../../schemas/index.ts'
import { modelOf } from '../../store/index.ts'

interface KnownCore {
  readonly schema: string
  readonly namespace: string
  readonly runId?: string
  readonly spanId?: string
  readonly parentSpanId?: string
  readonly stepName?: string
  readonly eventName?: string
  readonly kind?: LiveEvent['kind']
  readonly fidelity?: LiveEvent['fidelity']
  readonly status?: { readonly code: string }
  readonly pending?: true
  readonly startNanos?: string
  readonly endNanos?: string
  readonly timeNanos?: string
  readonly observedNanos?: string
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  readonly redactions?: Readonly<Record<string, number>>
  readonly severityText?: string
  readonly severityNumber?: number
  readonly reason?: string
  readonly count?: number
}

const TYPES: Readonly<Record<string, LiveEvent['type']>> = { 'reprise.span/1': 'step', 'reprise.log/1': 'log', 'reprise.gap/1': 'gap' }

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** What the live feed says of one line of the tape; undefined for a record of a kind that this version does not know. */
export function liveEventOf(line: string): LiveEvent | undefined {
  const { core } = parseJson(line) as { core: KnownCore }
  const type = Object.hasOwn(TYPES, core.schema) ? TYPES[core.schema] : undefined
  if (type === undefined) return undefined
  const event: Mutable<LiveEvent> = { schema: 'reprise.live/1', type, namespace: core.namespace }
  const redactions = Object.values(core.redactions ?? {}).reduce((sum, count) => sum + count, 0)
  const set = <K extends keyof LiveEvent>(key: K, value: LiveEvent[K] | undefined): void => {
    if (value !== undefined) event[key] = value as Mutable<LiveEvent>[K]
  }
  set('runId', core.runId)
  set('spanId', core.spanId)
  set('parentSpanId', core.parentSpanId)
  set('name', core.stepName ?? core.eventName)
  set('kind', core.kind)
  set('fidelity', core.fidelity)
  set('status', core.status?.code)
  set('pending', core.pending)
  set('startNanos', core.startNanos ?? core.timeNanos ?? core.observedNanos)
  set('endNanos', core.endNanos)
  set('model', modelOf(core.attributes ?? {}))
  if (redactions > 0) set('redactions', redactions)
  set('severity', core.severityText ?? (core.severityNumber === undefined ? undefined : String(core.severityNumber)))
  set('reason', core.reason)
  set('count', core.count)
  return event
}

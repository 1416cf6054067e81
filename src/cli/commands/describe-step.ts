import { ATTR, type SpanRecord } from '../../schemas/index.ts'
import { formatDuration, millisBetween, plural } from '../terminal.ts'

/** Clocks of machines that are kept right differ by less. */
const SKEW_MIN_MILLIS = 1_000
/** More contents than this are counted in the line of a step: some senders make one of every word of a request. */
const CONTENTS_MAX = 3

export type Times = Pick<SpanRecord['core'], 'startNanos' | 'endNanos'>

/** Times are kept as they were told. Where two clocks cannot both be right, that is said. */
function skewOf({ startNanos, endNanos }: Times, parent: Times | undefined): string {
  if (endNanos !== undefined && BigInt(endNanos) < BigInt(startNanos)) return 'ends before it starts'
  if (parent === undefined) return ''
  const before = millisBetween(startNanos, parent.startNanos)
  if (before > SKEW_MIN_MILLIS) return `starts ${formatDuration(before)} before its parent: another clock`
  const after = parent.endNanos === undefined ? 0 : millisBetween(parent.endNanos, startNanos)
  return after > SKEW_MIN_MILLIS ? `starts ${formatDuration(after)} after its parent has ended` : ''
}

/** A step in one line. */
export function describeStep(record: SpanRecord, parent?: Times): string {
  const { core } = record
  const took = core.endNanos === undefined ? 'not ended' : formatDuration(millisBetween(core.startNanos, core.endNanos))
  const notes = [
    skewOf(core, parent),
    ...originOf(core),
    core.effect === 'write' ? 'writes' : '',
    core.status.code === 'error' ? `error ${String(core.attributes['error.type'] ?? '')}`.trim() : '',
    core.streamEnd !== undefined && core.streamEnd !== 'done' ? `stream ${core.streamEnd}` : '',
    core.fidelity === 'observed' ? 'observed' : '',
    core.redactions === undefined
      ? ''
      : `redacted ${Object.entries(core.redactions)
          .map(([rule, count]) => `${rule} ${count}`)
          .join(', ')}`,
    core.unscanned === undefined
      ? ''
      : `not looked into: ${Object.entries(core.unscanned)
          .map(([kind, count]) => `${kind} ${count}`)
          .join(', ')}`,
    ...describeContents(record),
  ].filter((note) => note !== '')
  return `${core.kind.padEnd(13)} ${core.name === core.stepName ? core.name : `${core.stepName} (${core.name})`}  ${took}${notes.length > 0 ? `  · ${notes.join(' · ')}` : ''}`
}

/** Of a run that a replay or a fork made, and of its steps: where from, and what came of them. */
function originOf({ attributes }: SpanRecord['core']): string[] {
  const { [ATTR.parentRunId]: parent, [ATTR.forkSpanId]: changed, [ATTR.label]: label } = attributes
  const notes: string[] = []
  if (typeof parent === 'string') notes.push(`${typeof changed === 'string' ? 'fork' : 'replay'} of run ${parent.slice(0, 12)}`)
  if (typeof label === 'string') notes.push(label.slice(0, 20))
  return notes
}

function describeContents({ core: { payloads }, refs }: SpanRecord): string[] {
  const withheld = payloads.flatMap((payload) => (payload.withheld === undefined ? [] : `${payload.role} withheld (${payload.withheld})`))
  const kept = payloads.filter((payload) => payload.withheld === undefined)
  const digestOf = (wanted: string): string | undefined => refs.find(({ role }) => role === wanted)?.digest
  if (kept.length > CONTENTS_MAX) {
    const erased = kept.filter(({ role }) => digestOf(role) === undefined).length
    const bytes = kept.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    return [...withheld, `${plural(kept.length, 'content')} ${bytes} B${erased > 0 ? `, ${erased} erased` : ''}`]
  }
  const described = kept.map(({ role, sizeBytes }) => `${role} ${sizeBytes} B ${digestOf(role)?.slice(0, 19).concat('…') ?? 'erased'}`)
  return [...withheld, ...described]
}

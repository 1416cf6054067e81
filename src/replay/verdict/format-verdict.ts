import type { Divergence, FieldDifference, Verdict } from '../../schemas/index.ts'

const MAX_SHOWN = 10
const MAX_FRAMES = 6

/**
 * A verdict for people: plain text, a line for the result, one for the counts, then the departures in the order in which
 * they happened. Shows redacted text only, shortened, with control characters made visible.
 */
export function formatVerdict(verdict: Verdict): string {
  return [...summaryLines(verdict), ...departureLines(verdict, MAX_SHOWN)].join('\n')
}

export function summaryLines({ label, name, runId, counts, output, effects, environment, unrecorded, recordedRunId }: Verdict): string[] {
  const exact = counts.labels.exact
  return [
    `${label}  ${printable(name)} (run ${runId}): ${exact} of ${counts.steps} steps exact, output ${output.equal ? 'equal' : 'differs'}`,
    `  ${counts.served} served, ${counts.ran} ran again, ${counts.covered} covered; ${counts.live} live, ${counts.unmatched} unmatched, ` +
      `${counts.unused} unused, ${counts.missing} missing, ${counts.socketsDenied} sockets denied${unstable(counts.labels.unstable)}`,
    ...effectLines(effects),
    ...(environment ?? []).map(
      ({ name, recorded, replayed }) => `  ${printable(name)} is ${printable(replayed)}, and was ${printable(recorded)} when recorded`,
    ),
    ...(unrecorded === undefined ? [] : [`  not recorded: ${unrecorded.map(({ api, calls }) => `${calls} ${printable(api)}`).join(', ')}`]),
    ...(recordedRunId === undefined ? [] : [`  recorded as run ${recordedRunId}`]),
  ]
}

/** Said where the program read of time and chance what the recording does not hold. */
function effectLines(effects: Verdict['effects']): string[] {
  if (effects === undefined || effects.beyond.length + effects.unserved.length === 0) return []
  const list = (reads: typeof effects.beyond): string => reads.map(({ source, reads }) => `${reads} ${source}`).join(', ')
  return [
    `  time and chance: ${effects.served} reads served`,
    ...(effects.beyond.length === 0 ? [] : [`    past the record, so made up: ${list(effects.beyond)}`]),
    ...(effects.unserved.length === 0
      ? []
      : [`    not recorded, so the machine's own: ${list(effects.unserved)}; the option effects (REPRISE_EFFECTS=all) records such`]),
  ]
}

export function departureLines(verdict: Verdict, limit: number): string[] {
  const { divergences } = verdict
  const shown = divergences.slice(0, limit)
  const rest = divergences.length - shown.length
  return [...shown.flatMap(describeDivergence), ...(rest > 0 ? [`  and ${rest} more`] : [])]
}

function describeDivergence({ reason, path, message, nearest, differences, stack }: Divergence, index: number): string[] {
  return [
    `  ${index === 0 ? 'first departure' : 'then'}: ${reason}: ${printable(message)}`,
    `    at ${path.map(printable).join(' > ')}`,
    ...(nearest === undefined ? [] : [`    nearest in the recording: ${describeNearest(nearest)}`]),
    ...differenceLines(differences),
    ...(stack ?? []).slice(0, MAX_FRAMES).map((frame) => `      from ${printable(frame)}`),
  ]
}

/** @param now what the second of the two sides is called */
export function differenceLines(differences: readonly FieldDifference[], now = 'replayed'): string[] {
  return differences.flatMap((difference) => [
    `    ${difference.path === '' ? '(whole value)' : printable(difference.path)}`,
    `      recorded: ${difference.recorded === undefined ? '(not there)' : printable(difference.recorded)}`,
    `      ${now}: ${difference.replayed === undefined ? '(not there)' : printable(difference.replayed)}`,
  ])
}

function describeNearest({ name, sequence, lineage }: NonNullable<Divergence['nearest']>): string {
  return `${printable(name)}${sequence === undefined ? '' : `, step ${sequence}`}, lineage ${lineage.slice(0, 12)}`
}

function unstable(count: number): string {
  return count === 0 ? '' : `, ${count} unstable`
}

/** Names and messages come from programs and models: nothing in them may drive a terminal or turn text around. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

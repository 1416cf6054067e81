import { LABELS, type Label, type Verdict, type VerdictStep } from '../../schemas/index.ts'
import { isServed } from '../matching/recorded-calls.ts'
import type { LineageNode } from '../recording/lineage.ts'
import { packageVersion } from '../recording/package-version.ts'
import type { ReplaySession } from '../session.ts'
import { describeNode } from './departures.ts'

/** Draws up what a finished replay showed. Notes the recorded steps that were not used, so it is called once. */
export function drawVerdict(session: ReplaySession, socketsDenied: number, unrecorded: ReadonlyMap<string, number>): Verdict {
  const { recording, calls, departures, served, ran, unmatched, missing, live } = session
  const { manifest } = recording
  const { ledger } = session.effects
  const unstable = new Set([...session.course.unstableSteps(), ...(ledger?.unstable ?? [])])
  const called = new Set(live.made.flatMap(({ node }) => node ?? []))
  const unused = calls.participants.filter((node) => !served.has(node) && !ran.has(node) && !called.has(node))
  const { changes } = session
  if (changes !== undefined && !changes.reached) {
    departures.noteAt(changes.node, 'unused', `${describeNode(changes.node)}, which was to be changed, was not called`)
  }
  // What was changed or went live may well lead elsewhere.
  if (!session.isEdited) for (const node of unused) departures.noteLeftOut(node, `${describeNode(node)} was recorded and was not called`)
  const steps = labelSteps(session, unstable)
  const labels = Object.fromEntries(LABELS.map((label) => [label, 0])) as Record<Label, number>
  for (const { label } of steps) labels[label]++
  let covered = 0
  for (const by of calls.covered.values()) if (served.has(by)) covered++
  return {
    schema: 'reprise.verdict/1',
    mode: live.mode,
    runId: manifest.runId,
    name: manifest.name,
    label: labelOfRun(session, unstable.size),
    policy: manifest.policy,
    counts: {
      steps: calls.participants.length + calls.covered.size,
      served: served.size - [...missing].filter((node) => served.has(node)).length,
      ran: ran.size,
      covered,
      live: live.made.length,
      unmatched: unmatched.length,
      unused: unused.length,
      missing: missing.size,
      socketsDenied,
      labels,
    },
    output: outputOf(session),
    ...environmentOf(session),
    ...(unrecorded.size > 0 && {
      unrecorded: [...unrecorded].map(([api, calls]) => ({ api, calls })).sort((left, right) => (left.api < right.api ? -1 : 1)),
    }),
    ...(changes !== undefined && { fork: { lineage: changes.node.lineage, paths: [...changes.patch.paths] } }),
    ...(session.recordedRunId !== undefined && { recordedRunId: session.recordedRunId }),
    ...(ledger !== undefined && { effects: ledger.report() }),
    steps,
    divergences: departures.described,
  }
}

/** The first departure decides: what comes after it may well be its consequence. A mere change of order is not one. */
function labelOfRun({ departures, rootCheck, recording, live, isEdited, recut }: ReplaySession, unstableSteps: number): Label {
  const first = departures.described.find(({ reason }) => reason !== 'order')
  if (first !== undefined) return first.reason === 'missing' ? 'missing' : 'diverged'
  if (live.any) return 'live'
  if (rootCheck?.equal !== true && !isEdited && recording.root.record.core.endNanos !== undefined) return 'diverged'
  return unstableSteps > 0 ? 'unstable' : recut.size > 0 ? 'cached' : live.servedLabel
}

/** What of the machine is not as it was. */
function environmentOf({ recording: { root } }: ReplaySession): Pick<Verdict, 'environment'> {
  const { attributes } = root.record.core.resource
  const now = { 'process.runtime.version': process.version, 'telemetry.sdk.version': packageVersion() }
  const environment = Object.entries(now).flatMap(([name, replayed]) => {
    const recorded = attributes[name]
    return typeof recorded === 'string' && recorded !== replayed ? [{ name, recorded, replayed }] : []
  })
  return environment.length === 0 ? {} : { environment }
}

function outputOf({ rootCheck, recording }: ReplaySession): Verdict['output'] {
  // A run that had not ended when it was recorded has no output, and its replay ends without one too.
  if (rootCheck === undefined) return { equal: recording.root.record.core.endNanos === undefined }
  const { equal, recorded, replayed } = rootCheck
  return { equal, ...(recorded === undefined ? {} : { recorded }), ...(replayed === undefined ? {} : { replayed }) }
}

function labelSteps(session: ReplaySession, unstable: ReadonlySet<LineageNode>): VerdictStep[] {
  const { recording, calls, served, ran, unmatched, missing, diverged, altered, recut, live, changes } = session
  const called = new Set(live.made.flatMap(({ node }) => node ?? []))
  const takesPart = ({ record }: LineageNode): boolean => record.core.fidelity === 'replayable'
  const labelOf = (node: LineageNode): Label => {
    if (missing.has(node)) return 'missing'
    if (called.has(node) || altered.has(node)) return 'live'
    if (diverged.has(node) || !(served.has(node) || ran.has(node))) return 'diverged'
    if (unstable.has(node)) return 'unstable'
    return recut.has(node) ? 'cached' : served.has(node) ? live.servedLabel : 'exact'
  }
  const steps: VerdictStep[] = []
  for (const node of recording.nodes) {
    const above = calls.covered.get(node)
    if (above !== undefined) steps.push(labelled(node, served.has(above) ? 'exact' : 'diverged', 'covered'))
    else if (takesPart(node)) {
      const how = called.has(node) ? 'live' : isServed(node) && node !== recording.root ? 'served' : 'ran'
      const isGiven = node === changes?.node && changes.patch.setsResult && served.has(node)
      steps.push(labelled(node, labelOf(node), isGiven ? 'changed' : how))
    }
  }
  for (const { kind, name, node } of live.made) if (node === undefined) steps.push({ kind, name, label: 'live', how: 'live' })
  for (const { kind, name } of session.added) steps.push({ kind, name, label: 'live', how: 'ran' })
  for (const { kind, name, how } of unmatched) steps.push({ kind, name, label: changes?.reached === true ? 'missing' : 'diverged', how })
  return steps
}

function labelled({ record: { core }, lineage }: LineageNode, label: Label, how: VerdictStep['how']): VerdictStep {
  const { kind, stepName: name, sequence } = core
  return sequence === undefined ? { kind, name, lineage, label, how } : { kind, name, lineage, sequence, label, how }
}

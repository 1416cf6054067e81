import { type FieldDifference, RepriseError, type StepKind } from '../../schemas/index.ts'
import { isServed, RecordedCalls } from '../matching/recorded-calls.ts'
import type { LineageNode } from '../recording/lineage.ts'
import type { Recording } from '../recording/recording.ts'
import { readResult } from '../serving/served-result.ts'
import { describeNode } from '../verdict/departures.ts'
import { Influence } from './influence.ts'
import type { Patch } from './patch.ts'

/** What is expected of one recorded step in a fork. */
export interface PlannedStep {
  readonly sequence?: number
  readonly kind: StepKind
  readonly name: string
  /** `served`: from the record. `changed`: with the given result. `live`: called. `missing`: it would have to be called and may not be. */
  readonly expected: 'served' | 'changed' | 'live' | 'missing'
  /** Called before the change can have had any effect. */
  readonly certain: boolean
  readonly writes: boolean
  /** Why it is missing. */
  readonly because?: string
}

/** What a fork is expected to do, as far as the record tells. The program itself decides. */
export interface ForkPlan {
  readonly schema: 'reprise.fork-plan/1'
  readonly runId: string
  readonly name: string
  readonly step: { readonly sequence?: number; readonly kind: StepKind; readonly name: string; readonly lineage: string }
  readonly paths: readonly string[]
  /** What the change makes of the recorded arguments or result, redacted; empty where the record does not hold them. */
  readonly differences: readonly FieldDifference[]
  readonly counts: {
    readonly served: number
    /** Of the served: those that come after the change, and go live should the program ask for something else. */
    readonly uncertain: number
    readonly changed: number
    readonly live: number
    readonly missing: number
  }
  /** Names of the steps expected to go live that write. */
  readonly writes: readonly string[]
  /** Names of writing steps that would have to be called and are not allowed to. */
  readonly refused: readonly string[]
  readonly steps: readonly PlannedStep[]
}

export interface LiveRules {
  readonly onMiss: 'throw' | 'live'
  readonly allowWrites: readonly string[]
}

/**
 * Says, before anything runs, what a fork is expected to do. Steps called before the change can have had an effect are served for
 * certain. Of those after it, the ones whose recorded request has something in it of what is no more (a changed result, or that of a step
 * expected to go live) are expected to go live; the others are expected to be served.
 *
 * @throws RepriseError `invalid_argument` for a change that cannot be made at that step
 */
export function planFork(
  recording: Recording,
  node: LineageNode,
  patch: Patch,
  rules: LiveRules,
  differences: readonly FieldDifference[],
): ForkPlan {
  const calls = new RecordedCalls(recording.nodes, recording.root)
  const above = calls.covered.get(node)
  if (above !== undefined) {
    const message = `${describeNode(node)} is a part of ${describeNode(above)}, which is served as a whole: change that one`
    throw new RepriseError('invalid_argument', message)
  }
  const influence = new Influence(recording)
  const from = effectiveNanos(node, patch)
  influence.keep(patch.values)
  if (!isServed(node)) influence.replace(patch.replaced(influence.inputOf(node)))
  const steps: PlannedStep[] = []
  for (const each of inOrder(calls.participants.filter((participant) => isServed(participant) && participant !== recording.root))) {
    const isChanged = each === node
    const certain = !isChanged && BigInt(each.record.core.startNanos) < from
    if (certain) influence.keep([influence.inputOf(each)])
    if (isChanged) influence.replace(patch.replaced(patch.setsInput ? influence.inputOf(each) : influence.outputOf(each)))
    const goesLive = isChanged ? patch.setsInput : !certain && influence.reaches(each)
    if (goesLive) influence.replace([influence.outputOf(each)])
    steps.push(plannedStep(recording, each, { isChanged, certain, goesLive }, patch, rules))
  }
  const { sequence, kind, stepName } = node.record.core
  const count = (expected: PlannedStep['expected']): number => steps.filter((step) => step.expected === expected).length
  const names = (chosen: readonly PlannedStep[]): string[] => [...new Set(chosen.map(({ name }) => name))]
  return {
    schema: 'reprise.fork-plan/1',
    runId: recording.manifest.runId,
    name: recording.manifest.name,
    step: { ...(sequence === undefined ? {} : { sequence }), kind, name: stepName, lineage: node.lineage },
    paths: patch.paths,
    differences,
    counts: {
      served: count('served'),
      uncertain: steps.filter(({ expected, certain }) => expected === 'served' && !certain).length,
      changed: count('changed'),
      live: count('live'),
      missing: count('missing'),
    },
    writes: names(steps.filter(({ expected, writes }) => expected === 'live' && writes)),
    refused: names(steps.filter(({ expected, writes }) => expected === 'missing' && writes)),
    steps,
  }
}

function plannedStep(
  recording: Recording,
  node: LineageNode,
  { isChanged, certain, goesLive }: { readonly isChanged: boolean; readonly certain: boolean; readonly goesLive: boolean },
  patch: Patch,
  { onMiss, allowWrites }: LiveRules,
): PlannedStep {
  const { sequence, kind, stepName, effect } = node.record.core
  const writes = effect === 'write'
  const step = { ...(sequence === undefined ? {} : { sequence }), kind, name: stepName, certain, writes }
  if (goesLive) {
    if (onMiss !== 'live') return { ...step, expected: 'missing', because: 'nothing may be called' }
    if (writes && !allowWrites.includes(stepName))
      return { ...step, expected: 'missing', because: 'it writes, and is not among what is allowed to' }
    return { ...step, expected: 'live' }
  }
  if (isChanged && patch.setsResult) return { ...step, expected: 'changed' }
  const result = readResult(recording, node)
  return result.state === 'missing' ? { ...step, expected: 'missing', because: result.reason } : { ...step, expected: 'served' }
}

/** From when on the program can have known of the change: a result reaches it when the step ends. */
function effectiveNanos({ record: { core } }: LineageNode, patch: Patch): bigint {
  return BigInt(patch.setsResult ? (core.endNanos ?? core.startNanos) : core.startNanos)
}

function inOrder(nodes: readonly LineageNode[]): LineageNode[] {
  return [...nodes].sort((left, right) => (left.record.core.sequence ?? 0) - (right.record.core.sequence ?? 0))
}

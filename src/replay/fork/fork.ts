import { type FieldDifference, RepriseError, type Verdict } from '../../schemas/index.ts'
import { captureValue } from '../../sdk/index.ts'
import { Comparison } from '../matching/comparison.ts'
import { differencesOf } from '../matching/differences.ts'
import { isServed } from '../matching/recorded-calls.ts'
import type { LineageNode } from '../recording/lineage.ts'
import { isPending } from '../recording/pending.ts'
import type { Recording } from '../recording/recording.ts'
import { type Outcome, type ReplayOptions, runReplay, servedAs } from '../replay.ts'
import { readResult } from '../serving/served-result.ts'
import { ForkChanges } from './fork-changes.ts'
import { type ForkPlan, type LiveRules, planFork } from './fork-plan.ts'
import { Patch, type PatchValues } from './patch.ts'
import { selectStep } from './step-selector.ts'
import { badSet } from './value-path.ts'

export interface ForkOptions extends Pick<ReplayOptions, 'args' | 'timeoutMillis' | 'allowWrites' | 'onMiss' | 'record' | 'serve'> {
  /**
   * The step that is changed: its number in call order (the root is 0), its name, the names on the way to it (`answer > search`), or the
   * start of its lineage. `#2` behind a name is the second of that name.
   */
  readonly at: string | number
  /**
   * What is set there, by path: `input.0.messages[-1].content`, `prompt`, `model`, `parameters.temperature` (the step is called with the
   * changed request); `output`, `output.choices[0].text`, `documents[2]`, `error` (the step is not called and gives this); `seed`, `time`
   * (what the program reads of chance, and of the date, from there on).
   */
  readonly set: PatchValues
}

export interface ForkResult {
  readonly plan: ForkPlan
  readonly verdict: Verdict
  /** Of the run that was recorded; undefined where nothing is recorded. */
  readonly runId: string | undefined
  /** What the program gave; undefined where it did not end. */
  readonly outcome: Outcome | undefined
}

type Program = (...args: never[]) => unknown

/**
 * Says what a fork is expected to do. Nothing runs.
 * @throws RepriseError `invalid_argument` naming the step or the path, and what was expected there
 */
export function planOfFork(recording: Recording, options: Omit<ForkOptions, 'args' | 'timeoutMillis' | 'record'>): ForkPlan {
  return prepare(recording, options).plan
}

/**
 * Runs `fn` again with one step changed. What the change does not reach is served from the recording; what the program asks for
 * otherwise because of it is called, a step that writes only where `allowWrites` names it. The run is recorded as one of its own, with the
 * run that it came from, the step, and what was set.
 *
 * @param fn wrapped by `instrument()`
 * @throws as `planOfFork` and `replay`; RepriseError `invalid_argument` also where the changed step writes and is not allowed to
 */
export async function fork(recording: Recording, fn: Program, options: ForkOptions): Promise<ForkResult> {
  const { changes, plan, rules, served } = prepare(recording, options)
  const { node, patch } = changes
  const { effect, stepName } = node.record.core
  if (patch.setsInput && isServed(node) && effect === 'write' && !rules.allowWrites.includes(stepName)) {
    const message = `${stepName} writes, and with another input it has to be called: allow that with allowWrites: ['${stepName}'] (--allow-write)`
    throw new RepriseError('invalid_argument', `${message}, or set its output`, { details: { key: 'allow-write' } })
  }
  const { args, timeoutMillis, record } = options
  const { verdict, outcome, runId } = await runReplay(served, fn, {
    ...(args === undefined ? {} : { args }),
    ...(timeoutMillis === undefined ? {} : { timeoutMillis }),
    record: record ?? true,
    live: { mode: 'fork', ...rules },
    changes,
  })
  return { plan, verdict, runId, outcome }
}

function prepare(
  recorded: Recording,
  { at, set, onMiss = 'live', allowWrites = [], serve = 'call' }: Omit<ForkOptions, 'args' | 'timeoutMillis' | 'record'>,
): { changes: ForkChanges; plan: ForkPlan; rules: LiveRules; served: Recording } {
  const recording = servedAs(recorded, { serve, allowWrites })
  const node = selectStep(recording.nodes, at)
  const patch = new Patch(node, set)
  const rules: LiveRules = { onMiss, allowWrites }
  return {
    changes: new ForkChanges(node, patch),
    plan: planFork(recording, node, patch, rules, changedFields(recording, node, patch)),
    rules,
    served: recording,
  }
}

/** Tries the patch on what was recorded, so that a path that leads nowhere is told before anything runs. */
function changedFields(recording: Recording, node: LineageNode, patch: Patch): FieldDifference[] {
  const { record } = node
  const { kind, namespace } = record.core
  const differences = (before: unknown, after: unknown): FieldDifference[] => {
    const comparison = new Comparison(recording.policy, namespace)
    const text = (value: unknown): string => comparison.compare(captureValue(value).value, kind).text()
    return differencesOf(text(before), text(after))
  }
  if (patch.setsInput) {
    const args = recording.inputOf(record)
    return args === undefined ? [] : differences(args, patch.applyToInput(args))
  }
  if (!patch.setsResult || patch.error !== undefined) return []
  const refused = (why: string): RepriseError =>
    badSet(`the result of ${record.core.stepName} cannot be changed in part, since ${why}: set output as a whole`)
  if (patch.needsResult && isPending(record)) throw refused('it is pending: it had not come when the recording was made')
  const result = readResult(recording, node)
  if (result.state === 'value') return differences(result.value, patch.applyToResult(result.value))
  if (!patch.needsResult) return []
  throw refused(result.state === 'error' ? 'it failed when it was recorded' : result.reason)
}

import { canonicalValue, type Digest, digestOf, type FieldDifference } from '../../schemas/index.ts'
import { captureValue, type InterceptedOutcome, type JsonOfValue } from '../../sdk/index.ts'
import type { Comparable, Comparison } from '../matching/comparison.ts'
import { differencesOf } from '../matching/differences.ts'
import type { LineageNode } from '../recording/lineage.ts'
import { type Recording, readReturned, type StepPayload } from '../recording/recording.ts'

export type ReplayedOutcome = InterceptedOutcome

/** A container's outcome against the recorded one. Digests are of the compared form: redacted, canonical, tokens numbered. */
export interface OutcomeCheck {
  readonly equal: boolean
  /** Set when the recording does not hold the outcome, so that nothing can be said of it. */
  readonly missing: boolean
  readonly message: string
  /** Of the root always; of another step where bytes alone did not tell that both are equal. */
  readonly recorded?: Digest
  readonly replayed?: Digest
  readonly differences: FieldDifference[]
}

/**
 * Compares what a container returned or threw with what it returned or threw when it was recorded.
 *
 * @param value the captured value, of a stream the array of its chunks
 */
export function checkOutcome(recording: Recording, comparison: Comparison, node: LineageNode, outcome: ReplayedOutcome): OutcomeCheck {
  const check = checkResult(recording, comparison, node, outcome)
  return check.equal && outcome.ok ? checkReturned(recording, comparison, node, outcome.returned, check) : check
}

/** Where the recording tells what a generator returned beside its chunks. */
function checkReturned(
  recording: Recording,
  comparison: Comparison,
  { record }: LineageNode,
  returned: unknown,
  check: OutcomeCheck,
): OutcomeCheck {
  const recorded = readReturned(recording, record)
  if (recorded.state === 'absent') return check
  if (recorded.state === 'gone') return failed('missing', `what its generator returned was ${recorded.reason}`)
  try {
    const recordedText = comparison.textOf(recorded.mediaType, recorded.data)
    const replayedText = comparison.compare(returned, record.core.kind).text()
    const digests = {
      ...(check.recorded !== undefined && { recorded: digestOf(`${check.recorded} ${recordedText}`) }),
      ...(check.replayed !== undefined && { replayed: digestOf(`${check.replayed} ${replayedText}`) }),
    }
    if (recordedText === replayedText) return { ...check, ...digests }
    const differences = differencesOf(recordedText, replayedText)
    return { ...failed('differs', 'its generator returned another value than recorded'), ...digests, differences }
  } catch {
    return failed('differs', 'what its generator returned could not be compared')
  }
}

function checkResult(recording: Recording, comparison: Comparison, node: LineageNode, outcome: ReplayedOutcome): OutcomeCheck {
  const { record } = node
  const error = recording.payloadOf(record, 'error')
  const output = recording.payloadOf(record, 'output')
  const gone = error.state === 'gone' ? error : output.state === 'gone' ? output : undefined
  if (gone !== undefined) return failed('missing', `the recorded outcome is not there to compare with: ${gone.reason}`)
  if (record.core.endNanos === undefined) return failed('differs', 'it ended, and had not ended when the recording was made')
  const recordedFailed = error.state === 'present'
  if (recordedFailed === outcome.ok) {
    if (outcome.ok) return failed('differs', 'it returned, and had failed when recorded')
    return failed('differs', `it failed (${nameOf(outcome.error)}), and had returned when recorded`)
  }
  const recorded = error.state === 'present' ? error : output
  let replayed: Comparable
  try {
    const { kind } = record.core
    replayed = outcome.ok
      ? comparison.compare(outcome.value, kind, recorded.state === 'present' ? recorded : undefined)
      : comparison.compare(captureValue(outcome.error).value, kind)
  } catch {
    return failed('differs', 'its outcome could not be redacted, so it was not compared')
  }
  try {
    const isSame = recorded.state === 'present' && recorded.digest === replayed.bytesDigest
    if (!isSame) return compared(recorded, replayed, comparison)
    if (node !== recording.root) return EQUAL
    const digest = digestOf(replayed.text())
    return { ...EQUAL, recorded: digest, replayed: digest }
  } catch {
    return failed('missing', 'the recorded outcome cannot be read')
  }
}

/** Whether a step, not the root, returned what stands in the recording byte by byte: most do, and that is seen without a digest. */
export function gaveTheVeryText(recording: Recording, { record, parent }: LineageNode, json: JsonOfValue): boolean {
  if (parent === undefined || record.core.endNanos === undefined || recording.payloadOf(record, 'error').state !== 'absent') return false
  const recorded = recording.jsonOf(record, 'output')?.json
  const replayed = recorded && json()
  return replayed !== undefined && replayed.byteLength === recorded?.byteLength && Buffer.compare(recorded, replayed) === 0
}

function compared(recorded: StepPayload, replayed: Comparable, comparison: Comparison): OutcomeCheck {
  const replayedText = replayed.text()
  const recordedText = recorded.state === 'present' ? comparison.textOf(recorded.mediaType, recorded.data) : UNDEFINED_TEXT
  const digests = { recorded: digestOf(recordedText), replayed: digestOf(replayedText) }
  if (recordedText === replayedText) return { ...EQUAL, ...digests }
  const differences = differencesOf(recordedText, replayedText)
  return { equal: false, missing: false, message: 'it gave another result than recorded', differences, ...digests }
}

const UNDEFINED_TEXT = canonicalValue(undefined)
export const EQUAL: OutcomeCheck = { equal: true, missing: false, message: '', differences: [] }

function failed(how: 'missing' | 'differs', message: string): OutcomeCheck {
  return { equal: false, missing: how === 'missing', message, differences: [] }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}

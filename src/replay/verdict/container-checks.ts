import type { Attributes } from '../../schemas/index.ts'
import type { JsonOfValue } from '../../sdk/index.ts'
import type { Comparable, Comparison } from '../matching/comparison.ts'
import { differencesOf } from '../matching/differences.ts'
import { ignoredFieldsOf } from '../recording/ignored-fields.ts'
import type { LineageNode } from '../recording/lineage.ts'
import type { Recording } from '../recording/recording.ts'
import { type Departures, describeNode } from './departures.ts'
import { MeasuredMetrics } from './metrics.ts'
import { checkOutcome, EQUAL, gaveTheVeryText, type OutcomeCheck, type ReplayedOutcome } from './outcome.ts'

/** What of a replay its checks need to know, and where they tell what they find. */
export interface CheckedReplay {
  readonly recording: Recording
  readonly departures: Departures
  readonly diverged: Set<LineageNode>
  readonly missing: Set<LineageNode>
  /** Containers that ran otherwise than recorded, as they may once something was changed or went live. */
  readonly altered: Set<LineageNode>
  readonly isEdited: boolean
}

/** Holds what runs again against what it did when it was recorded: its arguments, its result, and the numbers that it measured. */
export class ContainerChecks {
  readonly #replay: CheckedReplay
  readonly #comparison: Comparison
  readonly #metrics = new MeasuredMetrics()
  readonly #ended = new Set<LineageNode>()

  constructor(replay: CheckedReplay, comparison: Comparison) {
    this.#replay = replay
    this.#comparison = comparison
  }

  /** What comes after a step has ended is not recorded either. */
  onEvent(recorded: LineageNode, attributes: Attributes): void {
    if (!this.#ended.has(recorded)) this.#metrics.add(recorded, attributes)
  }

  checkRequest(recorded: LineageNode, request: Comparable | undefined): void {
    if (request?.digest === recorded.requestDigest) return
    const { isEdited, altered, diverged, departures } = this.#replay
    if (isEdited) {
      altered.add(recorded)
      return
    }
    const text = this.recordedRequestText(recorded)
    const differences = request === undefined || text === undefined ? [] : differencesOf(text, request.text())
    diverged.add(recorded)
    departures.noteAt(recorded, 'changed-container', `${describeNode(recorded)} ran with other arguments than recorded`, { differences })
  }

  end(recorded: LineageNode): void {
    this.#ended.add(recorded)
  }

  /** @param json of what it returned */
  checkOutcome(recorded: LineageNode, outcome: ReplayedOutcome, json?: JsonOfValue): OutcomeCheck {
    const { recording, isEdited, altered, diverged, missing, departures } = this.#replay
    this.#checkMetrics(recorded)
    if (json !== undefined && gaveTheVeryText(recording, recorded, json)) return EQUAL
    const check = checkOutcome(recording, this.#comparison, recorded, outcome)
    if (check.equal) return check
    if (isEdited) {
      altered.add(recorded)
      return check
    }
    ;(check.missing ? missing : diverged).add(recorded)
    const { differences } = check
    const message = `${describeNode(recorded)}: ${check.message}`
    if (outcome.ok && !check.missing) departures.noteOtherResult(recorded, message, differences)
    else departures.noteAt(recorded, check.missing ? 'missing' : 'output', message, { differences })
    return check
  }

  recordedRequestText(node: LineageNode): string | undefined {
    const payload = this.#replay.recording.payloadOf(node.record, 'input')
    return payload.state === 'present'
      ? this.#comparison.textOf(payload.mediaType, payload.data, ignoredFieldsOf(node.record.core))
      : undefined
  }

  #checkMetrics(recorded: LineageNode): void {
    const differences = this.#metrics.differences(recorded)
    if (differences === undefined) return
    const { isEdited, altered, diverged, departures } = this.#replay
    if (isEdited) {
      altered.add(recorded)
      return
    }
    diverged.add(recorded)
    departures.noteAt(recorded, 'output', `${describeNode(recorded)} measured other numbers than recorded`, { differences })
  }
}

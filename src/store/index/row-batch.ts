import type { StepRow } from './record-row.ts'
import { type StepRows, StepRowsReader } from './step-rows.ts'
import { StepRowsWriter } from './step-rows-writer.ts'

/** The lines of groups, steps among them as rows. What repeats is sent once for many batches. */
export interface RowBatch {
  /** Groups whose lines these are: from the first up to, not with, the end. */
  readonly firstGroup: number
  readonly endGroup: number
  /** Lines of each group, or `UNREAD`. */
  readonly lines: Uint32Array<ArrayBuffer>
  /** By line: whether it is a step; else its bytes are the next of `others`. */
  readonly isStep: Uint8Array<ArrayBuffer>
  readonly others: readonly Uint8Array<ArrayBuffer>[]
  readonly steps: StepRows
  /** Places in the lists of what is sent once begin at 0 again. */
  readonly anew: boolean
}

/** Of a group that could not be read. */
const UNREAD = 0xffff_ffff
const KNOWN_MAX = 50_000
const START_LINES = 2048

/** Gathers the lines of groups. */
export class RowBatchWriter {
  #firstGroup = 0
  #lines: number[] = []
  #isStep: Uint8Array = new Uint8Array(START_LINES)
  #count = 0
  #others: Uint8Array<ArrayBuffer>[] = []
  readonly #steps = new StepRowsWriter()
  #anew = true

  readonly #knownMax: number

  /** `knownMax`: of values that are kept to be referred to. */
  constructor(firstGroup: number, knownMax: number = KNOWN_MAX) {
    this.#firstGroup = firstGroup
    this.#knownMax = knownMax
  }

  get lines(): number {
    return this.#count
  }

  endGroup(lines: number): void {
    this.#lines.push(lines)
  }

  /** In place of its lines. */
  addUnread(): void {
    this.#lines.push(UNREAD)
  }

  addOther(bytes: Uint8Array<ArrayBuffer>): void {
    this.#add(0)
    this.#others.push(bytes)
  }

  addStep(row: StepRow): void {
    this.#add(1)
    this.#steps.addRow(row)
  }

  #add(isStep: 0 | 1): void {
    if (this.#count === this.#isStep.length) {
      const larger = new Uint8Array(this.#count * 2)
      larger.set(this.#isStep)
      this.#isStep = larger
    }
    this.#isStep[this.#count++] = isStep
  }

  /** What was added since the last call. */
  take(): RowBatch {
    const firstGroup = this.#firstGroup
    const batch: RowBatch = {
      firstGroup,
      endGroup: firstGroup + this.#lines.length,
      lines: Uint32Array.from(this.#lines),
      isStep: this.#isStep.slice(0, this.#count),
      others: this.#others,
      steps: this.#steps.take(),
      anew: this.#anew,
    }
    this.#firstGroup = batch.endGroup
    this.#lines = []
    this.#count = 0
    this.#others = []
    this.#anew = this.#steps.known > this.#knownMax
    if (this.#anew) this.#steps.forget()
    return batch
  }
}

/** What need not be copied to reach another thread. */
export function buffersOf({ lines, isStep, others, steps }: RowBatch): ArrayBuffer[] {
  return [lines, isStep, steps.numbers, ...others].map(({ buffer }) => buffer)
}

/** Called with each line, in order. */
export interface LineSink {
  step(group: number, line: number, row: StepRow): void
  other(group: number, line: number, bytes: Uint8Array): void
  /** A group that whoever made the batch could not read. */
  unread(group: number): void
}

/** Gives the lines of batches back, in the order in which these were made. */
export class RowBatchReader {
  readonly #steps = new StepRowsReader()

  read(batch: RowBatch, sink: LineSink): void {
    if (batch.anew) this.#steps.forget()
    this.#steps.start(batch.steps)
    const { isStep, others } = batch
    let at = 0
    let other = 0
    for (const [index, lines] of batch.lines.entries()) {
      const group = batch.firstGroup + index
      if (lines === UNREAD) sink.unread(group)
      else
        for (let line = 0; line < lines; line++) {
          if (isStep[at++] === 1) sink.step(group, line, this.#steps.next())
          else {
            const bytes = others[other++]
            if (bytes !== undefined) sink.other(group, line, bytes)
          }
        }
    }
  }
}

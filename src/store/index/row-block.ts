import { STEP_KINDS, type StepKind } from '../../schemas/index.ts'
import type { RecordRow, ResourceFacts, StepRow } from './record-row.ts'

/** Numbers of a line, in the order of `#encodeStep`; an absent one is NaN. */
const NUMBERS = 16
/** span, parent, start and end. */
const INTEGERS = 4
const HAS_PARENT = 1
const HAS_END = 2
const OWN = 4
const PENDING = 8
const ERROR = 16
/** In place of these bits: a record of another kind than a step, one of a kind that is not known, one that cannot be read. */
const OTHER = -1
const UNKNOWN = -2
const UNREADABLE = -3
/** Entries that both sides keep; past so many they begin anew. */
const ENTRIES_MAX = 50_000
const NO_TAGS: readonly string[] = []
const NO_DIGESTS: readonly number[] = []
const KIND_NUMBERS: ReadonlyMap<StepKind, number> = new Map(STEP_KINDS.map((kind, number) => [kind, number]))

type Entry = string | ResourceFacts

/** The rows of one group on their way to another thread, in few and plain parts: to copy an object for each row would cost more than to read it. */
export interface RowBlock {
  readonly group: number
  readonly lines: number
  readonly numbers: Float64Array<ArrayBuffer>
  readonly integers: BigInt64Array<ArrayBuffer>
  readonly digests: Float64Array<ArrayBuffer>
  /** Texts and resources that are met for the first time, and how many are kept of those before. */
  readonly kept: number
  readonly entries: readonly Entry[]
  readonly tags: readonly (readonly string[])[]
  readonly others: readonly RecordRow[]
}

/** The sending side. */
export class RowEncoder {
  readonly #known = new Map<Entry, number>()
  #entries: Entry[] = []
  #tags: (readonly string[])[] = []
  #digests: number[] = []

  /** `rowOf` gives the row of a line, undefined for a record of a kind that is not known, and throws for one that cannot be read. */
  encode(group: number, lines: number, rowOf: (line: number) => RecordRow | undefined): RowBlock {
    if (this.#known.size >= ENTRIES_MAX) this.#known.clear()
    const kept = this.#known.size
    this.#entries = []
    this.#tags = []
    this.#digests = []
    const numbers = new Float64Array(lines * NUMBERS)
    const integers = new BigInt64Array(lines * INTEGERS)
    const others: RecordRow[] = []
    for (let line = 0; line < lines; line++) {
      const at = line * NUMBERS
      let row: RecordRow | undefined
      try {
        row = rowOf(line)
      } catch {
        numbers[at] = UNREADABLE
        continue
      }
      if (row?.type === 'step') this.#encodeStep(row, numbers, at, integers, line * INTEGERS)
      else numbers[at] = row === undefined ? UNKNOWN : OTHER
      if (row !== undefined && row.type !== 'step') others.push(row)
    }
    return {
      group,
      lines,
      numbers,
      integers,
      digests: Float64Array.from(this.#digests),
      kept,
      entries: this.#entries,
      tags: this.#tags,
      others,
    }
  }

  #encodeStep(row: StepRow, numbers: Float64Array, at: number, integers: BigInt64Array, integerAt: number): void {
    const { parent, endNanos } = row
    numbers[at] =
      (parent === undefined ? 0 : HAS_PARENT) +
      (endNanos === undefined ? 0 : HAS_END) +
      (row.own ? OWN : 0) +
      (row.pending ? PENDING : 0) +
      (row.error ? ERROR : 0)
    numbers[at + 1] = this.#entry(row.namespace)
    numbers[at + 2] = this.#entry(row.runId)
    numbers[at + 3] = this.#entry(row.traceId)
    numbers[at + 4] = row.position
    numbers[at + 5] = KIND_NUMBERS.get(row.kind) ?? 0
    numbers[at + 6] = this.#entry(row.name)
    numbers[at + 7] = row.model === undefined ? Number.NaN : this.#entry(row.model)
    numbers[at + 8] = row.inputTokens ?? Number.NaN
    numbers[at + 9] = row.outputTokens ?? Number.NaN
    numbers[at + 10] = row.cost ?? Number.NaN
    numbers[at + 11] = row.session === undefined ? Number.NaN : this.#entry(row.session)
    numbers[at + 12] = row.tags.length === 0 ? Number.NaN : this.#tags.push(row.tags) - 1
    numbers[at + 13] = row.redactions
    numbers[at + 14] = this.#entry(row.resource)
    numbers[at + 15] = row.digests.length
    integers[integerAt] = row.span
    integers[integerAt + 1] = parent ?? 0n
    integers[integerAt + 2] = row.startNanos
    integers[integerAt + 3] = endNanos ?? 0n
    for (const digest of row.digests) this.#digests.push(digest)
  }

  #entry(entry: Entry): number {
    let number = this.#known.get(entry)
    if (number === undefined) {
      number = this.#known.size
      this.#known.set(entry, number)
      this.#entries.push(entry)
    }
    return number
  }
}

/** The receiving side: takes the blocks of one encoder, in their order. */
export class RowDecoder {
  readonly #entries: Entry[] = []

  /** Gives a reader of the rows, which are to be read from the first to the last; undefined as above, `unreadable` where it threw. */
  decode(block: RowBlock): () => RecordRow | 'unreadable' | undefined {
    const { numbers, integers, digests, tags, others } = block
    this.#entries.length = block.kept
    for (const entry of block.entries) this.#entries.push(entry)
    const times = new BigUint64Array(integers.buffer)
    let line = 0
    let digestAt = 0
    let otherAt = 0
    const optional = (at: number): number | undefined => {
      const value = numbers[at] ?? 0
      return Number.isNaN(value) ? undefined : value
    }
    return () => {
      const at = line * NUMBERS
      const integerAt = line * INTEGERS
      line++
      const bits = numbers[at] ?? 0
      if (bits === UNREADABLE) return 'unreadable'
      if (bits === UNKNOWN) return undefined
      if (bits === OTHER) return others[otherAt++]
      const count = numbers[at + 15] ?? 0
      const from = digestAt
      digestAt += count
      const model = optional(at + 7)
      const session = optional(at + 11)
      const tag = optional(at + 12)
      return {
        type: 'step',
        namespace: this.#text(numbers[at + 1]),
        runId: this.#text(numbers[at + 2]),
        traceId: this.#text(numbers[at + 3]),
        span: integers[integerAt] ?? 0n,
        parent: (bits & HAS_PARENT) === 0 ? undefined : integers[integerAt + 1],
        position: numbers[at + 4] ?? 0,
        startNanos: times[integerAt + 2] ?? 0n,
        endNanos: (bits & HAS_END) === 0 ? undefined : times[integerAt + 3],
        kind: STEP_KINDS[numbers[at + 5] ?? 0] ?? 'custom',
        name: this.#text(numbers[at + 6]),
        own: (bits & OWN) !== 0,
        pending: (bits & PENDING) !== 0,
        error: (bits & ERROR) !== 0,
        model: model === undefined ? undefined : this.#text(model),
        inputTokens: optional(at + 8),
        outputTokens: optional(at + 9),
        cost: optional(at + 10),
        session: session === undefined ? undefined : this.#text(session),
        tags: tag === undefined ? NO_TAGS : (tags[tag] ?? NO_TAGS),
        redactions: numbers[at + 13] ?? 0,
        resource: this.#entries[numbers[at + 14] ?? 0] as ResourceFacts,
        digests: count === 0 ? NO_DIGESTS : Array.from(digests.subarray(from, digestAt)),
      }
    }
  }

  #text(entry: number | undefined): string {
    return this.#entries[entry ?? 0] as string
  }
}

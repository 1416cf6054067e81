import { STEP_KINDS, type StepKind } from '../../schemas/index.ts'
import type { ResourceFacts, StepRow } from './record-row.ts'

/** Rows of steps as numbers, the form in which they go to another thread at little cost. What repeats is sent once. */
export interface RowBatch {
  /** Groups whose lines these are: from the first up to, not with, the end. */
  readonly firstGroup: number
  readonly endGroup: number
  /** Lines of each group, or `UNREAD`. */
  readonly lines: Uint32Array<ArrayBuffer>
  /** By line: whether it is a step; else its bytes are the next of `others`. */
  readonly isStep: Uint8Array<ArrayBuffer>
  readonly others: readonly Uint8Array<ArrayBuffer>[]
  readonly numbers: Float64Array<ArrayBuffer>
  readonly integers: BigInt64Array<ArrayBuffer>
  readonly digests: Float64Array<ArrayBuffer>
  /** What is met for the first time since `anew`, in order. */
  readonly texts: readonly string[]
  readonly tags: readonly (readonly string[])[]
  readonly resources: readonly ResourceFacts[]
  /** Places in those lists begin at 0 again. */
  readonly anew: boolean
}

/** Of a group that could not be read. */
const UNREAD = 0xffff_ffff
const NUMBERS = 16
const INTEGERS = 4
const OWN = 1
const PENDING = 2
const ERROR = 4
const PARENTED = 8
const ENDED = 16
const NONE = -1
const KNOWN_MAX = 50_000
const START_LINES = 2048

const KIND_PLACES: ReadonlyMap<StepKind, number> = new Map(STEP_KINDS.map((kind, place) => [kind, place]))

/** Values that are sent once, and the place of each. */
class Known<T> {
  readonly #places = new Map<unknown, number>()
  fresh: T[] = []

  /** `key` is what tells two values apart. */
  placeOf(key: unknown, value: T): number {
    let place = this.#places.get(key)
    if (place === undefined) {
      place = this.#places.size
      this.#places.set(key, place)
      this.fresh.push(value)
    }
    return place
  }

  get size(): number {
    return this.#places.size
  }

  clear(): void {
    this.#places.clear()
  }

  take(): T[] {
    const { fresh } = this
    this.fresh = []
    return fresh
  }
}

/** Gathers the lines of groups. */
export class RowBatchWriter {
  #firstGroup = 0
  #lines: number[] = []
  #isStep: Uint8Array = new Uint8Array(START_LINES)
  #count = 0
  #steps = 0
  #others: Uint8Array<ArrayBuffer>[] = []
  #numbers: Float64Array = new Float64Array(START_LINES * NUMBERS)
  #integers: BigInt64Array = new BigInt64Array(START_LINES * INTEGERS)
  #digests: number[] = []
  readonly #texts = new Known<string>()
  readonly #tags = new Known<readonly string[]>()
  readonly #resources = new Known<ResourceFacts>()
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
    this.#room()
    this.#isStep[this.#count++] = 0
    this.#others.push(bytes)
  }

  addStep(row: StepRow): void {
    this.#room()
    this.#isStep[this.#count++] = 1
    const integers = this.#integers
    let at = this.#steps * INTEGERS
    integers[at++] = row.span
    integers[at++] = row.parent ?? 0n
    // Times are unsigned: the same 64 bits.
    integers[at++] = row.startNanos
    integers[at] = row.endNanos ?? 0n
    const numbers = this.#numbers
    const texts = this.#texts
    at = this.#steps++ * NUMBERS
    numbers[at++] =
      (row.own ? OWN : 0) +
      (row.pending ? PENDING : 0) +
      (row.error ? ERROR : 0) +
      (row.parent === undefined ? 0 : PARENTED) +
      (row.endNanos === undefined ? 0 : ENDED)
    numbers[at++] = texts.placeOf(row.namespace, row.namespace)
    numbers[at++] = texts.placeOf(row.runId, row.runId)
    numbers[at++] = texts.placeOf(row.traceId, row.traceId)
    numbers[at++] = row.position
    numbers[at++] = KIND_PLACES.get(row.kind) ?? 0
    numbers[at++] = texts.placeOf(row.name, row.name)
    numbers[at++] = row.model === undefined ? NONE : texts.placeOf(row.model, row.model)
    numbers[at++] = row.inputTokens ?? NONE
    numbers[at++] = row.outputTokens ?? NONE
    numbers[at++] = row.cost ?? NONE
    numbers[at++] = row.session === undefined ? NONE : texts.placeOf(row.session, row.session)
    numbers[at++] = row.tags.length === 0 ? NONE : this.#tags.placeOf(JSON.stringify(row.tags), row.tags)
    numbers[at++] = row.redactions
    numbers[at++] = this.#resources.placeOf(row.resource, row.resource)
    numbers[at] = row.digests.length
    for (const digest of row.digests) this.#digests.push(digest)
  }

  #room(): void {
    if (this.#count < this.#isStep.length) return
    const lines = this.#count * 2
    this.#isStep = larger(this.#isStep, new Uint8Array(lines))
    this.#numbers = larger(this.#numbers, new Float64Array(lines * NUMBERS))
    const integers = new BigInt64Array(lines * INTEGERS)
    integers.set(this.#integers)
    this.#integers = integers
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
      numbers: this.#numbers.slice(0, this.#steps * NUMBERS),
      integers: this.#integers.slice(0, this.#steps * INTEGERS),
      digests: Float64Array.from(this.#digests),
      texts: this.#texts.take(),
      tags: this.#tags.take(),
      resources: this.#resources.take(),
      anew: this.#anew,
    }
    this.#firstGroup = batch.endGroup
    this.#lines = []
    this.#count = 0
    this.#steps = 0
    this.#others = []
    this.#digests = []
    this.#anew = Math.max(this.#texts.size, this.#tags.size, this.#resources.size) > this.#knownMax
    if (this.#anew) for (const known of [this.#texts, this.#tags, this.#resources]) known.clear()
    return batch
  }
}

function larger<T extends Uint8Array | Float64Array>(array: T, target: T): T {
  target.set(array)
  return target
}

/** What need not be copied to reach another thread. */
export function buffersOf({ lines, isStep, others, numbers, integers, digests }: RowBatch): ArrayBuffer[] {
  return [lines, isStep, numbers, integers, digests, ...others].map(({ buffer }) => buffer)
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
  #texts: string[] = []
  #tags: (readonly string[])[] = []
  #resources: ResourceFacts[] = []

  read(batch: RowBatch, sink: LineSink): void {
    if (batch.anew) {
      this.#texts = []
      this.#tags = []
      this.#resources = []
    }
    for (const text of batch.texts) this.#texts.push(text)
    for (const tags of batch.tags) this.#tags.push(tags)
    for (const resource of batch.resources) this.#resources.push(resource)
    const { isStep, others } = batch
    let at = 0
    let step = 0
    let digest = 0
    let other = 0
    for (const [index, lines] of batch.lines.entries()) {
      const group = batch.firstGroup + index
      if (lines === UNREAD) sink.unread(group)
      else
        for (let line = 0; line < lines; line++) {
          if (isStep[at++] === 1) {
            const row = this.#step(batch, step++, digest)
            digest += row.digests.length
            sink.step(group, line, row)
          } else {
            const bytes = others[other++]
            if (bytes !== undefined) sink.other(group, line, bytes)
          }
        }
    }
  }

  #step({ numbers, integers, digests }: RowBatch, step: number, digest: number): StepRow {
    const texts = this.#texts
    const whole = step * INTEGERS
    let at = step * NUMBERS
    const flags = numbers[at++] ?? 0
    const namespace = textAt(texts, numbers[at++]) ?? ''
    const runId = textAt(texts, numbers[at++]) ?? ''
    const traceId = textAt(texts, numbers[at++]) ?? ''
    const position = numbers[at++] ?? 0
    const kind = STEP_KINDS[numbers[at++] ?? 0] ?? 'custom'
    const name = textAt(texts, numbers[at++]) ?? ''
    const model = textAt(texts, numbers[at++])
    const inputTokens = countOf(numbers[at++])
    const outputTokens = countOf(numbers[at++])
    const cost = countOf(numbers[at++])
    const session = textAt(texts, numbers[at++])
    const tags = this.#tags[numbers[at++] ?? NONE] ?? NO_TAGS
    const redactions = numbers[at++] ?? 0
    const resource = this.#resources[numbers[at++] ?? NONE] ?? NO_RESOURCE
    return {
      type: 'step',
      namespace,
      runId,
      traceId,
      span: integers[whole] ?? 0n,
      parent: (flags & PARENTED) === 0 ? undefined : integers[whole + 1],
      position,
      startNanos: BigInt.asUintN(64, integers[whole + 2] ?? 0n),
      endNanos: (flags & ENDED) === 0 ? undefined : BigInt.asUintN(64, integers[whole + 3] ?? 0n),
      kind,
      name,
      own: (flags & OWN) !== 0,
      pending: (flags & PENDING) !== 0,
      error: (flags & ERROR) !== 0,
      model,
      inputTokens,
      outputTokens,
      cost,
      session,
      tags,
      redactions,
      resource,
      digests: digestsOf(digests, digest, numbers[at] ?? 0),
    }
  }
}

function textAt(texts: readonly string[], place: number | undefined): string | undefined {
  return place === undefined || place < 0 ? undefined : texts[place]
}

function countOf(number: number | undefined): number | undefined {
  return number === undefined || number < 0 ? undefined : number
}

function digestsOf(digests: Float64Array, from: number, count: number): readonly number[] {
  if (count === 0) return NO_DIGESTS
  const found: number[] = []
  for (let at = from; at < from + count; at++) found.push(digests[at] ?? 0)
  return found
}

const NO_TAGS: readonly string[] = []
const NO_DIGESTS: readonly number[] = []
const NO_RESOURCE: ResourceFacts = { service: undefined, session: undefined, tags: NO_TAGS, sender: undefined, sequence: undefined }

import { type Digest, STEP_KINDS, type StepKind } from '../../schemas/index.ts'
import { COUNTS_USAGE, digestKeyOf, hexNumberAt, NO_POSITION, type ResourceFacts, type StepRow, sumOf } from './record-row.ts'
import type { SentAttributes } from './sent-facts.ts'
import type { Facts } from './step-facts.ts'
import { ENDED, ERROR, INTEGERS, NONE, NUMBERS, OWN, PARENTED, PENDING, type StepRows } from './step-rows.ts'

/** What whoever writes the record of a span knows of it, besides what its attributes say. */
export interface SpanFacts {
  readonly namespace: string
  readonly runId: string
  readonly traceId: string
  readonly spanId: string
  /** '' where there is none. */
  readonly parentSpanId: string
  readonly sequence: number | undefined
  readonly startNanos: bigint
  /** As the record has it: a pending one has none. */
  readonly endNanos: bigint | undefined
  readonly kind: StepKind
  readonly stepName: string
  readonly own: boolean
  readonly pending: boolean
  readonly error: boolean
  readonly redactions: Readonly<Record<string, number>> | undefined
  readonly resource: ResourceFacts
  /** Where they stand in the record as they were sent, none of them twice. */
  readonly attributes: SentAttributes | undefined
  /** Of its references. */
  readonly digests: readonly Digest[]
}

const START_STEPS = 64
const ID_DIGITS = 16
const NO_TAGS: readonly string[] = []
/** Where the high half of a 64-bit integer stands on this machine. */
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0

const KIND_PLACES: ReadonlyMap<StepKind, number> = new Map(STEP_KINDS.map((kind, place) => [kind, place]))

/** Values that are sent once, and the place of each. */
class Known<T> {
  #places = new Map<unknown, number>()
  #fresh: T[] = []

  /** `key` is what tells two values apart. */
  placeOf(key: unknown, value: T): number {
    let place = this.#places.get(key)
    if (place === undefined) {
      place = this.#places.size
      this.#places.set(key, place)
      this.#fresh.push(value)
    }
    return place
  }

  get size(): number {
    return this.#places.size
  }

  /** Another map: the tables of one that is emptied again and again hang on one another, and grow old together. */
  clear(): void {
    this.#places = new Map()
  }

  take(): T[] {
    const fresh = this.#fresh
    this.#fresh = []
    return fresh
  }
}

/** The place of a text that is mostly the one of the row before. */
class Column {
  readonly #texts: Known<string>
  #last: string | undefined
  #place = NONE

  constructor(texts: Known<string>) {
    this.#texts = texts
  }

  placeOf(text: string | undefined): number {
    if (text === undefined) return NONE
    if (text !== this.#last) {
      this.#place = this.#texts.placeOf(text, text)
      this.#last = text
    }
    return this.#place
  }

  forget(): void {
    this.#last = undefined
  }
}

/** Gathers rows. */
export class StepRowsWriter {
  #steps = 0
  #digestCount = 0
  #numbers: Float64Array = new Float64Array(START_STEPS * NUMBERS)
  #integers: BigInt64Array = new BigInt64Array(START_STEPS * INTEGERS)
  #halves: Uint32Array = new Uint32Array(this.#integers.buffer)
  #digests: Float64Array = new Float64Array(START_STEPS * 2)
  readonly #texts = new Known<string>()
  readonly #namespaces = new Column(this.#texts)
  readonly #runs = new Column(this.#texts)
  readonly #traces = new Column(this.#texts)
  readonly #names = new Column(this.#texts)
  readonly #models = new Column(this.#texts)
  readonly #sessions = new Column(this.#texts)
  readonly #tags = new Known<readonly string[]>()
  /** By their first one. */
  #lastTags = new Map<string, { readonly tags: readonly string[]; readonly place: number }>()
  readonly #resources = new Known<ResourceFacts>()

  get steps(): number {
    return this.#steps
  }

  get digests(): number {
    return this.#digestCount
  }

  /** The most values that are remembered of one sort. */
  get known(): number {
    return Math.max(this.#texts.size, this.#tags.size, this.#resources.size)
  }

  addRow(row: StepRow): void {
    this.#room(row.digests.length)
    const integers = this.#integers
    let at = this.#steps * INTEGERS
    integers[at++] = row.span
    integers[at++] = row.parent ?? 0n
    // Times are unsigned: the same 64 bits.
    integers[at++] = row.startNanos
    integers[at] = row.endNanos ?? 0n
    const flags =
      (row.own ? OWN : 0) +
      (row.pending ? PENDING : 0) +
      (row.error ? ERROR : 0) +
      (row.parent === undefined ? 0 : PARENTED) +
      (row.endNanos === undefined ? 0 : ENDED)
    for (const digest of row.digests) this.#digests[this.#digestCount++] = digest
    const { namespace, runId, traceId, position, kind, name, redactions, resource, digests } = row
    this.#addNumbers(flags, namespace, runId, traceId, position, kind, name, row, row.tags, redactions, resource, digests.length)
  }

  /** The row of a span's record; false where its ids are of no form that a row takes. */
  addSpan(span: SpanFacts, facts: Readonly<Facts>): boolean {
    this.#room(span.digests.length)
    const { parentSpanId, startNanos, endNanos, kind, resource } = span
    const at = this.#steps * INTEGERS
    if (!this.#writeId(at, span.spanId)) return false
    const parented = parentSpanId !== ''
    if (parented && !this.#writeId(at + 1, parentSpanId)) return false
    if (!parented) this.#integers[at + 1] = 0n
    this.#integers[at + 2] = startNanos
    this.#integers[at + 3] = endNanos ?? 0n
    const flags =
      (span.own ? OWN : 0) +
      (span.pending ? PENDING : 0) +
      (span.error ? ERROR : 0) +
      (parented ? PARENTED : 0) +
      (endNanos === undefined ? 0 : ENDED)
    for (const digest of span.digests) this.#digests[this.#digestCount++] = digestKeyOf(digest)
    this.#addNumbers(
      flags,
      span.namespace,
      span.runId,
      span.traceId,
      // As JSON has it, which knows no negative zero.
      (span.sequence ?? NO_POSITION) + 0,
      kind,
      span.stepName,
      COUNTS_USAGE.has(kind) ? facts : { ...facts, inputTokens: undefined, outputTokens: undefined, cost: undefined },
      facts.tags ?? NO_TAGS,
      sumOf(span.redactions),
      resource,
      span.digests.length,
    )
    return true
  }

  #addNumbers(
    flags: number,
    namespace: string,
    runId: string,
    traceId: string,
    position: number,
    kind: StepKind,
    name: string,
    { model, inputTokens, outputTokens, cost, session }: Readonly<Omit<Facts, 'tags'>>,
    tags: readonly string[],
    redactions: number,
    resource: ResourceFacts,
    digests: number,
  ): void {
    const numbers = this.#numbers
    let at = this.#steps++ * NUMBERS
    const run = this.#runs.placeOf(runId)
    numbers[at++] = flags
    numbers[at++] = this.#namespaces.placeOf(namespace)
    numbers[at++] = run
    numbers[at++] = traceId === runId ? run : this.#traces.placeOf(traceId)
    numbers[at++] = position
    numbers[at++] = KIND_PLACES.get(kind) ?? 0
    numbers[at++] = this.#names.placeOf(name)
    numbers[at++] = this.#models.placeOf(model)
    numbers[at++] = inputTokens ?? NONE
    numbers[at++] = outputTokens ?? NONE
    numbers[at++] = cost ?? NONE
    numbers[at++] = this.#sessions.placeOf(session)
    numbers[at++] = tags.length === 0 ? NONE : this.#placeOfTags(tags)
    numbers[at++] = redactions
    numbers[at++] = this.#resources.placeOf(resource, resource)
    numbers[at] = digests
  }

  /** Mostly those of a row not long before. */
  #placeOfTags(tags: readonly string[]): number {
    const [first = ''] = tags
    const known = this.#lastTags.get(first)
    if (known !== undefined && isSame(known.tags, tags)) return known.place
    const place = this.#tags.placeOf(JSON.stringify(tags), tags)
    this.#lastTags.set(first, { tags, place })
    return place
  }

  #writeId(place: number, hex: string): boolean {
    if (hex.length !== ID_DIGITS) return false
    const high = hexNumberAt(hex, 0, 8)
    const low = hexNumberAt(hex, 8, 8)
    if (high < 0 || low < 0) return false
    this.#halves[place * 2 + HIGH] = high
    this.#halves[place * 2 + 1 - HIGH] = low
    return true
  }

  #room(digests: number): void {
    if (this.#digestCount + digests > this.#digests.length) {
      const larger = new Float64Array(2 * (this.#digestCount + digests))
      larger.set(this.#digests)
      this.#digests = larger
    }
    if ((this.#steps + 1) * INTEGERS <= this.#integers.length) return
    const numbers = new Float64Array(2 * this.#numbers.length)
    numbers.set(this.#numbers)
    this.#numbers = numbers
    const integers = new BigInt64Array(2 * this.#integers.length)
    integers.set(this.#integers)
    this.#integers = integers
    this.#halves = new Uint32Array(integers.buffer)
  }

  /** Takes back what was added since there were so many. */
  backTo(steps: number, digests: number): void {
    this.#steps = steps
    this.#digestCount = digests
  }

  /** What was added since the last call, in a buffer of its own. */
  take(): StepRows {
    const steps = this.#steps
    const digests = this.#digestCount
    const numbersBytes = steps * NUMBERS * 8
    const integersBytes = steps * INTEGERS * 8
    const buffer = new ArrayBuffer(numbersBytes + integersBytes + digests * 8)
    const rows: StepRows = {
      numbers: new Float64Array(buffer, 0, steps * NUMBERS),
      integers: new BigInt64Array(buffer, numbersBytes, steps * INTEGERS),
      digests: new Float64Array(buffer, numbersBytes + integersBytes, digests),
      texts: this.#texts.take(),
      tags: this.#tags.take(),
      resources: this.#resources.take(),
    }
    rows.numbers.set(this.#numbers.subarray(0, steps * NUMBERS))
    rows.integers.set(this.#integers.subarray(0, steps * INTEGERS))
    rows.digests.set(this.#digests.subarray(0, digests))
    this.#steps = 0
    this.#digestCount = 0
    return rows
  }

  /** Values that were sent are sent again. */
  forget(): void {
    for (const column of [this.#namespaces, this.#runs, this.#traces, this.#names, this.#models, this.#sessions]) column.forget()
    this.#lastTags = new Map()
    for (const known of [this.#texts, this.#tags, this.#resources]) {
      known.clear()
      known.take()
    }
  }
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false
  return true
}

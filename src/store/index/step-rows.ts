import { STEP_KINDS } from '../../schemas/index.ts'
import type { ResourceFacts, StepRow } from './record-row.ts'

/** Rows of steps as numbers, the form in which they go to another thread at little cost. What repeats is sent once. */
export interface StepRows {
  readonly numbers: Float64Array<ArrayBuffer>
  readonly integers: BigInt64Array<ArrayBuffer>
  readonly digests: Float64Array<ArrayBuffer>
  /** What is met for the first time, in order. */
  readonly texts: readonly string[]
  readonly tags: readonly (readonly string[])[]
  readonly resources: readonly ResourceFacts[]
}

/** Numbers of a step: flags, then places of texts, counts and the like; `StepRowsReader` has their order. */
export const NUMBERS = 16
/** Span, parent, start and end. */
export const INTEGERS = 4
export const OWN = 1
export const PENDING = 2
export const ERROR = 4
export const PARENTED = 8
export const ENDED = 16
export const NONE = -1
const TEXT_BYTES = 64

/** In memory, about. */
export function sizeOfRows({ numbers, texts }: StepRows): number {
  return numbers.buffer.byteLength + texts.length * TEXT_BYTES
}

export function stepsOf({ integers }: StepRows): number {
  return integers.length / INTEGERS
}

/** Gives rows back. Values that were sent once are kept from one call to the next. */
export class StepRowsReader {
  #texts: string[] = []
  #tags: (readonly string[])[] = []
  #resources: ResourceFacts[] = []
  #rows: StepRows = NO_ROWS
  #step = 0
  #digest = 0

  forget(): void {
    this.#texts = []
    this.#tags = []
    this.#resources = []
  }

  start(rows: StepRows): void {
    for (const text of rows.texts) this.#texts.push(text)
    for (const tags of rows.tags) this.#tags.push(tags)
    for (const resource of rows.resources) this.#resources.push(resource)
    this.#rows = rows
    this.#step = 0
    this.#digest = 0
  }

  next(): StepRow {
    const { numbers, integers, digests } = this.#rows
    const texts = this.#texts
    const step = this.#step++
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
    const digest = this.#digest
    this.#digest += numbers[at] ?? 0
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
      digests: digestsOf(digests, digest, this.#digest),
    }
  }
}

function textAt(texts: readonly string[], place: number | undefined): string | undefined {
  return place === undefined || place < 0 ? undefined : texts[place]
}

function countOf(number: number | undefined): number | undefined {
  return number === undefined || number < 0 ? undefined : number
}

function digestsOf(digests: Float64Array, from: number, to: number): readonly number[] {
  if (from === to) return NO_DIGESTS
  const found: number[] = []
  for (let at = from; at < to; at++) found.push(digests[at] ?? 0)
  return found
}

const NO_TAGS: readonly string[] = []
const NO_DIGESTS: readonly number[] = []
const NO_RESOURCE: ResourceFacts = { service: undefined, session: undefined, tags: NO_TAGS, sender: undefined, sequence: undefined }
const NO_ROWS: StepRows = {
  numbers: new Float64Array(0),
  integers: new BigInt64Array(0),
  digests: new Float64Array(0),
  texts: [],
  tags: [],
  resources: [],
}

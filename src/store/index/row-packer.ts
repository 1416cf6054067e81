import { type AttributeValue, parseJson } from '../../schemas/index.ts'
import { AttributeReader } from './attribute-walk.ts'
import { type ResourceFacts, resourceFactsOf } from './record-row.ts'
import { factsOfSent } from './sent-facts.ts'
import type { Facts } from './step-facts.ts'
import type { StepRows } from './step-rows.ts'
import { type SpanFacts, StepRowsWriter } from './step-rows-writer.ts'

/** In a core, before its attributes. */
const ATTRIBUTES_OFFSET = '{"attributes":'.length
const RESOURCES_MAX = 256

/** Makes rows of spans while their records are written, by what the writer knows and the attributes that it has just written. */
export class RowPacker {
  readonly #rows = new StepRowsWriter()
  #attributes: AttributeReader | undefined

  get steps(): number {
    return this.#rows.steps
  }

  get digests(): number {
    return this.#rows.digests
  }

  backTo(steps: number, digests: number): void {
    this.#rows.backTo(steps, digests)
  }

  /** Of a span whose core stands in `lines`. One that cannot be told this way is left to be read from the tape. */
  add(span: SpanFacts, lines: Buffer, coreStart: number, coreEnd: number): void {
    const sent = span.attributes === undefined ? undefined : factsOfSent(span.attributes)
    const facts = sent ?? this.#read(lines, coreStart, coreEnd)
    if (facts !== undefined) this.#rows.addSpan(span, facts)
  }

  #read(lines: Buffer, coreStart: number, coreEnd: number): Readonly<Facts> | undefined {
    this.#attributes ??= new AttributeReader()
    return this.#attributes.read(lines, coreStart + ATTRIBUTES_OFFSET, coreEnd)
  }

  /** The rows of a batch of so many records; undefined where some of them have none. */
  take(records: number): StepRows | undefined {
    const whole = records > 0 && this.#rows.steps === records
    const rows = whole ? this.#rows.take() : undefined
    this.#rows.backTo(0, 0)
    this.#rows.forget()
    return rows
  }
}

/** What resources say, by their text as it stands in records: most come again and again. */
export class ResourceCache {
  readonly #known = new Map<string, ResourceFacts>()

  factsOf(json: string): ResourceFacts {
    let facts = this.#known.get(json)
    if (facts === undefined) {
      facts = resourceFactsOf((parseJson(json) as { attributes: Record<string, AttributeValue> }).attributes)
      if (this.#known.size >= RESOURCES_MAX) this.#known.clear()
      this.#known.set(json, facts)
    }
    return facts
  }
}

import { type AttributeValue, FIDELITIES, STEP_KINDS, type StepKind } from '../../schemas/index.ts'
import { CLOSE_BRACE, CLOSE_BRACKET, COMMA, JsonWalk, LETTER_R, OPEN_BRACE, OTHER_FORM, QUOTE } from './json-walk.ts'
import { COUNTS_USAGE, NO_POSITION, type RecordRow, type ResourceFacts, resourceFactsOf, rowOfLine, sumOf } from './record-row.ts'
import { FACT_KEYS, type FactKey, FactReader, factKeyOf, TAG_PREFIX } from './step-facts.ts'

const KINDS: ReadonlyMap<string, StepKind> = new Map(STEP_KINDS.map((kind) => [kind, kind]))
const NO_TAGS: readonly string[] = []
const NO_DIGESTS: readonly number[] = []
const CACHE_MAX = 10_000
const RESOURCES_MAX = 256
const CACHED_TEXT_MAX = 1024

/** Names of wanted attributes by their length, so that most others are passed over by that alone. */
const WANTED: (FactKey[] | undefined)[] = []
for (const fact of FACT_KEYS) (WANTED[fact.key.length] ??= []).push(fact)

/**
 * Reads lines of the tape without parsing them whole. Records are canonical JSON of our own writing (RFC 8785: members in the
 * order of their keys, no white space), so that the few members which the index keeps are found by walking past the others.
 * A line of any other form is read by `rowOfLine`, which is also what tests hold this against.
 *
 * Text is a group's bytes read as latin1: one character a byte, however large; what is kept of it is decoded.
 */
export class LineScanner extends JsonWalk {
  #scope = ''
  #policy = ''
  #namespaceText = ''
  #namespace = ''
  #redactions = ''
  #redactionSum = 0
  #resourceText = ''
  #resource: ResourceFacts = resourceFactsOf({})
  readonly #resources = new Map<string, ResourceFacts>()
  readonly #names = new Map<string, string>()

  /** Throws on what is no JSON; undefined for a record of a kind that this version does not know. */
  read(text: string, start: number, end: number): RecordRow | undefined {
    this.text = text
    this.at = start
    this.end = end
    try {
      return this.#step()
    } catch (error) {
      if (error !== OTHER_FORM) throw error
    }
    return rowOfLine(decode(text.slice(start, end)))
  }

  /** For lines that are text. */
  readLine(line: string): RecordRow | undefined {
    const text = Buffer.from(line).toString('latin1')
    return this.read(text, 0, text.length)
  }

  #step(): RecordRow {
    this.expectText('{"core":{"attributes":')
    const { model, inputTokens, outputTokens, cost, session, tags } = this.#attributes()
    this.skipOptional(',"cuts":')
    this.skipOptional(',"deliveries":')
    this.skipOptional(',"droppedAttributes":')
    this.skipOptional(',"droppedEvents":')
    this.skipOptional(',"droppedLinks":')
    this.skipOptional(',"effect":')
    const endNanos = this.has(',"endNanos":"') ? this.digits() : undefined
    this.expect(',"events":')
    this.skipValue()
    this.expect(',"fidelity":"')
    const fidelity = this.plain()
    if (fidelity !== FIDELITIES[0] && fidelity !== FIDELITIES[1]) throw OTHER_FORM
    this.skipOptional(',"flags":')
    this.expect(',"kind":"')
    const kind = KINDS.get(this.plain())
    if (kind === undefined) throw OTHER_FORM
    this.expect(',"links":')
    this.skipValue()
    this.expect(',"name":')
    this.skipString()
    this.expect(',"namespace":')
    const namespace = this.#readNamespace()
    this.expect(',"operation":')
    this.skipString()
    const parent = this.has(',"parentSpanId":"') ? this.hex16() : undefined
    this.expect(',"payloads":')
    this.skipValue()
    const pending = this.has(',"pending":')
    if (pending) this.expectText('true')
    this.expect(',"policy":')
    this.#policy = this.#skipRepeated(this.#policy)
    const redactions = this.has(',"redactions":') ? this.#sum() : 0
    this.expect(',"resource":')
    this.#readResource()
    this.expect(',"runId":"')
    const runId = this.hexText(32)
    this.expectText(',"schema":"reprise.span/1","scope":')
    this.#scope = this.#skipRepeated(this.#scope)
    this.skipOptional(',"seed":')
    const position = this.has(',"sequence":') ? this.count() : NO_POSITION
    this.skipOptional(',"shape":')
    this.expect(',"spanId":"')
    const span = this.hex16()
    this.expect(',"spanKind":')
    this.skipString()
    this.expect(',"startNanos":"')
    const startNanos = this.digits()
    this.expectText(',"status":{"code":"')
    const error = this.plain() === 'error'
    if (this.has(',"message":')) this.skipString()
    this.expectText('},"stepName":')
    const name = this.#name()
    this.skipOptional(',"streamEnd":')
    this.expect(',"traceId":"')
    const traceId = this.hexText(32)
    this.skipOptional(',"traceState":')
    this.expectText('},"refs":[')
    const digests = this.#digests()
    if (this.at !== this.end) throw OTHER_FORM
    const counts = COUNTS_USAGE.has(kind)
    return {
      type: 'step',
      namespace,
      runId,
      traceId,
      span,
      parent,
      position,
      startNanos,
      endNanos,
      kind,
      name,
      own: fidelity === 'replayable',
      pending,
      error,
      model,
      inputTokens: counts ? inputTokens : undefined,
      outputTokens: counts ? outputTokens : undefined,
      cost: counts ? cost : undefined,
      session,
      tags: tags ?? NO_TAGS,
      redactions,
      resource: this.#resource,
      digests,
    }
  }

  #attributes(): FactReader['facts'] {
    const text = this.text
    let reader: FactReader | undefined
    if (text.charCodeAt(this.at) !== OPEN_BRACE) throw OTHER_FORM
    if (text.charCodeAt(this.at + 1) === CLOSE_BRACE) {
      this.at += 2
      return NO_FACTS
    }
    do {
      this.at++
      const from = this.at + 1
      this.skipString()
      const fact = this.#wanted(from, this.at - 1 - from)
      // The colon.
      this.at++
      if (fact === undefined) this.skipValue()
      else {
        reader ??= new FactReader()
        reader.take(fact, this.#value() as AttributeValue)
      }
    } while (text.charCodeAt(this.at) === COMMA)
    if (text.charCodeAt(this.at) !== CLOSE_BRACE) throw OTHER_FORM
    this.at++
    return reader?.facts ?? NO_FACTS
  }

  #wanted(from: number, length: number): FactKey | undefined {
    const text = this.text
    const facts = WANTED[length]
    if (facts !== undefined) for (const fact of facts) if (text.slice(from, from + length) === fact.key) return fact
    if (text.charCodeAt(from) !== LETTER_R || text.slice(from, from + TAG_PREFIX.length) !== TAG_PREFIX) return undefined
    return factKeyOf(this.#decoded(text.slice(from - 1, from + length + 1)))
  }

  /** Past an object that is likely the one of the line before; JSON text tells its own end, so an equal beginning is the whole. */
  #skipRepeated(known: string): string {
    if (known !== '' && this.hasText(known)) return known
    const from = this.at
    this.skipValue()
    return detached(this.text.slice(from, this.at))
  }

  /** Nearly always the one of the line before. */
  #readNamespace(): string {
    const from = this.at
    this.skipString()
    const raw = this.text.slice(from, this.at)
    if (raw === this.#namespaceText) return this.#namespace
    this.#namespace = JSON.parse(decode(raw)) as string
    this.#namespaceText = detached(raw)
    return this.#namespace
  }

  #readResource(): void {
    if (this.#resourceText !== '' && this.hasText(this.#resourceText)) return
    const from = this.at
    this.skipValue()
    const text = this.text.slice(from, this.at)
    let facts = this.#resources.get(text)
    if (facts === undefined) {
      const { attributes } = JSON.parse(decode(text)) as { attributes: Record<string, AttributeValue> }
      facts = resourceFactsOf(attributes)
      if (this.#resources.size >= RESOURCES_MAX) this.#resources.clear()
      this.#resources.set(detached(text), facts)
    }
    this.#resourceText = detached(text)
    this.#resource = facts
  }

  /** The value that is here. */
  #value(): unknown {
    const from = this.at
    this.skipValue()
    const raw = this.text.slice(from, this.at)
    return this.text.charCodeAt(from) === QUOTE ? this.#decoded(raw) : JSON.parse(decode(raw))
  }

  #sum(): number {
    const from = this.at
    this.skipValue()
    const raw = this.text.slice(from, this.at)
    if (raw === this.#redactions) return this.#redactionSum
    this.#redactions = detached(raw)
    this.#redactionSum = sumOf(JSON.parse(decode(raw)) as Record<string, number>)
    return this.#redactionSum
  }

  /** The string that is here, decoded; names repeat. */
  #name(): string {
    const from = this.at
    this.skipString()
    return this.#decoded(this.text.slice(from, this.at))
  }

  #decoded(raw: string): string {
    const known = this.#names.get(raw)
    if (known !== undefined) return known
    const name = JSON.parse(decode(raw)) as string
    if (raw.length > CACHED_TEXT_MAX) return name
    if (this.#names.size >= CACHE_MAX) this.#names.clear()
    this.#names.set(detached(raw), name)
    return name
  }

  /** The references up to the end of the line, whose bracket has been passed. */
  #digests(): readonly number[] {
    if (this.hasCode(CLOSE_BRACKET)) {
      if (!this.hasCode(CLOSE_BRACE)) throw OTHER_FORM
      return NO_DIGESTS
    }
    const digests: number[] = []
    do {
      this.expectText('{"digest":"sha256:')
      digests.push(this.hex(this.at, 9))
      this.at += 64
      this.expectText('","role":')
      this.skipString()
      this.expectText(',"salt":"')
      this.at += 64
      if (!this.hasCode(QUOTE) || !this.hasCode(CLOSE_BRACE)) throw OTHER_FORM
    } while (this.hasCode(COMMA))
    if (!this.hasCode(CLOSE_BRACKET) || !this.hasCode(CLOSE_BRACE)) throw OTHER_FORM
    return digests
  }
}

const NO_FACTS: FactReader['facts'] = new FactReader().facts

/** UTF-8 that was read as latin1. */
function decode(text: string): string {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return Buffer.from(text, 'latin1').toString('utf8')
  return text
}

/** A copy: a part of a string would keep the whole of it, here megabytes, from being given up. */
function detached(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

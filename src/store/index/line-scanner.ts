import { type AttributeValue, parseJson, STEP_KINDS, type StepKind } from '../../schemas/index.ts'
import { AttributeWalk } from './attribute-walk.ts'
import { CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACKET, OTHER_FORM, QUOTE, Token } from './json-walk.ts'
import { COUNTS_USAGE, NO_POSITION, type RecordRow, type ResourceFacts, resourceFactsOf, rowOfLine, sumOf } from './record-row.ts'
import { TextCache } from './text-cache.ts'

const KINDS: ReadonlyMap<string, StepKind> = new Map(STEP_KINDS.map((kind) => [kind, kind]))
const NO_TAGS: readonly string[] = []
const NO_DIGESTS: readonly number[] = []
const RESOURCES_MAX = 256
const NOTHING = new Uint8Array(0)

const T = {
  attributes: new Token('{"core":{"attributes":'),
  cuts: new Token(',"cuts":'),
  deliveries: new Token(',"deliveries":'),
  droppedAttributes: new Token(',"droppedAttributes":'),
  droppedEvents: new Token(',"droppedEvents":'),
  droppedLinks: new Token(',"droppedLinks":'),
  effect: new Token(',"effect":'),
  endNanos: new Token(',"endNanos":"'),
  events: new Token(',"events":'),
  fidelity: new Token(',"fidelity":"'),
  flags: new Token(',"flags":'),
  kind: new Token(',"kind":"'),
  links: new Token(',"links":'),
  name: new Token(',"name":'),
  namespace: new Token(',"namespace":'),
  operation: new Token(',"operation":'),
  parentSpanId: new Token(',"parentSpanId":"'),
  payloads: new Token(',"payloads":'),
  commitment: new Token('{"commitment":"'),
  pending: new Token(',"pending":'),
  true: new Token('true'),
  policy: new Token(',"policy":'),
  redactions: new Token(',"redactions":'),
  resource: new Token(',"resource":'),
  runId: new Token(',"runId":"'),
  schema: new Token(',"schema":"reprise.span/1","scope":'),
  seed: new Token(',"seed":'),
  sequence: new Token(',"sequence":'),
  shape: new Token(',"shape":'),
  spanId: new Token(',"spanId":"'),
  spanKind: new Token(',"spanKind":'),
  startNanos: new Token(',"startNanos":"'),
  status: new Token(',"status":{"code":"'),
  error: new Token('error"'),
  replayable: new Token('replayable"'),
  observed: new Token('observed"'),
  message: new Token(',"message":'),
  stepName: new Token('},"stepName":'),
  streamEnd: new Token(',"streamEnd":'),
  traceId: new Token(',"traceId":"'),
  traceState: new Token(',"traceState":'),
  refs: new Token('},"refs":['),
  digest: new Token('{"digest":"sha256:'),
  role: new Token('","role":'),
  salt: new Token(',"salt":"'),
}

/**
 * Reads lines of the tape without parsing them whole. Records are canonical JSON of our own writing (RFC 8785: members in the
 * order of their keys, no white space), so that the few members which the index keeps are found by walking past the others.
 * A line of any other form is read by `rowOfLine`, which is also what tests hold this against.
 */
export class LineScanner extends AttributeWalk {
  #scope: Uint8Array = NOTHING
  #policy: Uint8Array = NOTHING
  #namespaceBytes: Uint8Array = NOTHING
  #namespace = ''
  #redactions: Uint8Array = NOTHING
  #redactionSum = 0
  #resourceBytes: Uint8Array = NOTHING
  #resource: ResourceFacts = resourceFactsOf({})
  #surroundings: Uint8Array = NOTHING
  #surroundingRedactions = 0
  #surroundingResource: ResourceFacts = this.#resource
  /** That of the line. */
  #current: ResourceFacts = this.#resource
  #differed = false
  /** The one of the line before. */
  readonly #idBytes: Uint8Array = new Uint8Array(ID_DIGITS)
  #idText = ''
  readonly #resources = new Map<string, ResourceFacts>()
  readonly #words = new TextCache((bytes) => bytes.toString('latin1'))

  /** Reads a line: the bytes from `start` up to `end`. Throws on what is no JSON; undefined for a record of a kind that this version does not know. */
  read(bytes: Buffer, start: number, end: number): RecordRow | undefined {
    this.bytes = bytes
    this.at = start
    this.end = end
    try {
      return this.#step()
    } catch (error) {
      if (error !== OTHER_FORM) throw error
    }
    return rowOfLine(bytes.toString('utf8', start, end))
  }

  /** For lines that are text. */
  readLine(line: string): RecordRow | undefined {
    const bytes = Buffer.from(line)
    return this.read(bytes, 0, bytes.length)
  }

  #step(): RecordRow {
    this.expectText(T.attributes)
    const { model, inputTokens, outputTokens, cost, session, tags } = this.attributes()
    this.skipOptional(T.cuts)
    this.skipOptional(T.deliveries)
    this.skipOptional(T.droppedAttributes)
    this.skipOptional(T.droppedEvents)
    this.skipOptional(T.droppedLinks)
    this.skipOptional(T.effect)
    const endNanos = this.has(T.endNanos) ? this.digits() : undefined
    this.expect(T.events)
    this.skipValue()
    this.expect(T.fidelity)
    const own = this.hasBytes(T.replayable.bytes)
    if (!own && !this.hasBytes(T.observed.bytes)) throw OTHER_FORM
    this.skipOptional(T.flags)
    this.expect(T.kind)
    const kind = this.#readKind()
    this.expect(T.links)
    this.skipValue()
    this.expect(T.name)
    this.skipString()
    this.expect(T.namespace)
    const namespace = this.#readNamespace()
    this.expect(T.operation)
    this.skipString()
    const parent = this.has(T.parentSpanId) ? this.hex16() : undefined
    this.expect(T.payloads)
    this.#skipPayloads()
    const pending = this.has(T.pending)
    if (pending) this.expectText(T.true)
    const redactions = this.#readSurroundings()
    const runAt = this.at
    const runId = this.#id()
    this.expectText(T.schema)
    this.#scope = this.#skipRepeated(this.#scope)
    this.skipOptional(T.seed)
    const position = this.has(T.sequence) ? this.count() : NO_POSITION
    this.skipOptional(T.shape)
    this.expect(T.spanId)
    const span = this.hex16()
    this.expect(T.spanKind)
    this.skipString()
    this.expect(T.startNanos)
    const startNanos = this.digits()
    this.expectText(T.status)
    const error = this.hasBytes(T.error.bytes)
    if (!error) this.skipPlain()
    if (this.has(T.message)) this.skipString()
    this.expectText(T.stepName)
    const name = this.#name()
    this.skipOptional(T.streamEnd)
    this.expect(T.traceId)
    const traceId = this.#traceId(runId, runAt)
    this.skipOptional(T.traceState)
    this.expectText(T.refs)
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
      own,
      pending,
      error,
      model,
      inputTokens: counts ? inputTokens : undefined,
      outputTokens: counts ? outputTokens : undefined,
      cost: counts ? cost : undefined,
      session,
      tags: tags ?? NO_TAGS,
      redactions,
      resource: this.#current,
      digests,
    }
  }

  /** Most begin with a digest, which holds no quote. */
  #skipPayloads(): void {
    const from = this.at
    this.at++
    if (this.bytes[from] !== OPEN_BRACKET) throw OTHER_FORM
    while (!this.hasCode(CLOSE_BRACKET)) {
      if (this.hasBytes(T.commitment.bytes)) {
        this.at += DIGEST_DIGITS
        if (!this.hasCode(QUOTE)) throw OTHER_FORM
        this.skipMembers()
      } else this.skipValue()
      if (this.bytes[this.at] === COMMA) this.at++
    }
  }

  /** Past an object that is likely the one of the line before; JSON text tells its own end, so an equal beginning is the whole. */
  #skipRepeated(known: Uint8Array): Uint8Array {
    if (known.length > 0 && this.hasBytes(known)) return known
    const from = this.at
    this.skipValue()
    return this.copy(from)
  }

  /** Nearly always the one of the line before. */
  #readNamespace(): string {
    if (this.#namespaceBytes.length > 0 && this.hasBytes(this.#namespaceBytes)) return this.#namespace
    const from = this.at
    this.skipString()
    this.#namespace = parseJson(this.text(from)) as string
    this.#namespaceBytes = this.copy(from)
    return this.#namespace
  }

  #readResource(): void {
    if (this.#resourceBytes.length > 0 && this.hasBytes(this.#resourceBytes)) return
    const from = this.at
    this.skipValue()
    const text = this.text(from)
    let facts = this.#resources.get(text)
    if (facts === undefined) {
      const { attributes } = parseJson(text) as { attributes: Record<string, AttributeValue> }
      facts = resourceFactsOf(attributes)
      if (this.#resources.size >= RESOURCES_MAX) this.#resources.clear()
      this.#resources.set(text, facts)
    }
    this.#resourceBytes = this.copy(from)
    this.#resource = facts
  }

  #sum(): number {
    if (this.#redactions.length > 0 && this.hasBytes(this.#redactions)) return this.#redactionSum
    const from = this.at
    this.skipValue()
    this.#redactionSum = sumOf(parseJson(this.text(from)) as Record<string, number>)
    this.#redactions = this.copy(from)
    return this.#redactionSum
  }

  /** The string that is here, decoded; names repeat. */
  #name(): string {
    const from = this.at
    this.skipString()
    return this.strings.text(this.bytes, from, this.at)
  }

  #readKind(): StepKind {
    const from = this.skipPlain()
    const kind = KINDS.get(this.#words.text(this.bytes, from, this.at - 1))
    if (kind === undefined) throw OTHER_FORM
    return kind
  }

  /** Policy, redactions and resource, which stand side by side, up to the run: mostly all as in the line before. Gives the redactions. */
  #readSurroundings(): number {
    if (this.#surroundings.length > 0 && this.hasBytes(this.#surroundings)) {
      this.#current = this.#surroundingResource
      this.#differed = false
      return this.#surroundingRedactions
    }
    const from = this.at
    this.expect(T.policy)
    this.#policy = this.#skipRepeated(this.#policy)
    const redactions = this.has(T.redactions) ? this.#sum() : 0
    this.expect(T.resource)
    this.#readResource()
    this.expect(T.runId)
    // After one line that differs there mostly come others that do not.
    if (this.#differed || this.#surroundings.length === 0) {
      this.#surroundings = this.copy(from)
      this.#surroundingRedactions = redactions
      this.#surroundingResource = this.#resource
    }
    this.#current = this.#resource
    this.#differed = !this.#differed
    return redactions
  }

  /** An id, whose opening quote has been passed. */
  #id(): string {
    const { bytes } = this
    const known = this.#idBytes
    const from = this.skipHex(ID_DIGITS)
    // A difference is likeliest at the end.
    let same = ID_DIGITS
    while (same > 0 && bytes[from + same - 1] === known[same - 1]) same--
    if (same === 0) return this.#idText
    for (let index = 0; index < ID_DIGITS; index++) known[index] = bytes[from + index] ?? 0
    this.#idText = this.#words.text(bytes, from, from + ID_DIGITS)
    return this.#idText
  }

  /** Mostly that of the run, whose digits stand at `runAt`. */
  #traceId(runId: string, runAt: number): string {
    const { bytes } = this
    const from = this.at
    for (let index = 0; index < ID_DIGITS; index++) if (bytes[from + index] !== bytes[runAt + index]) return this.#id()
    this.skipHex(ID_DIGITS)
    return runId
  }

  /** The references up to the end of the line, whose bracket has been passed. */
  #digests(): readonly number[] {
    if (this.hasCode(CLOSE_BRACKET)) {
      if (!this.hasCode(CLOSE_BRACE)) throw OTHER_FORM
      return NO_DIGESTS
    }
    const digests: number[] = []
    do {
      this.expectText(T.digest)
      digests.push(this.hex(this.at, 9))
      this.at += DIGEST_DIGITS
      this.expectText(T.role)
      this.skipString()
      this.expectText(T.salt)
      this.at += DIGEST_DIGITS
      if (!this.hasCode(QUOTE) || !this.hasCode(CLOSE_BRACE)) throw OTHER_FORM
    } while (this.hasCode(COMMA))
    if (!this.hasCode(CLOSE_BRACKET) || !this.hasCode(CLOSE_BRACE)) throw OTHER_FORM
    return digests
  }
}

const ID_DIGITS = 32
const DIGEST_DIGITS = 64

import type { WireResource, WireScope } from '../../otlp/index.ts'
import type { Redactor } from '../../redaction/index.ts'
import { canonicalJson, type Digest, type PolicyRef } from '../../schemas/index.ts'
import { BatchPacker, type PackedBatch, RECORD_MAX_BYTES, type ResourceFacts, type SpanFacts } from '../../store/index.ts'
import { type AddressedContent, addPayloadText, addressContent, type PayloadText } from './address.ts'
import { AlikeSpans } from './alike-spans.ts'
import { inOnePiece, jsonOfText, LoneSurrogate } from './canonical-text.ts'
import { Committer } from './commitment.ts'
import { Cleaner, type Findings, mergeCounts, newFindings } from './redact.ts'
import { type Quarantined, WithheldSealer } from './withheld-sealer.ts'
import { type CoreText, resourceText, type SharedText, scopeText } from './write-core.ts'

/** A record that decoded well and still cannot be kept. */
export interface RejectedRecord {
  readonly spanName?: string
  readonly spanId?: string
  readonly eventName?: string
  readonly reason: string
}

/** What decoded bodies become, or a part of one: ready to be appended. */
export interface PreparedBatch {
  readonly packed: PackedBatch
  /** Those that did not even decode are in the `rejected` of what was decoded. */
  readonly rejected: readonly RejectedRecord[]
  /** Replaced stretches, by rule. */
  readonly redactions: Readonly<Record<string, number>>
  /** Contents withheld, by reason. */
  readonly withheld: Readonly<Record<string, number>>
  /** What is no text and was left alone, by kind. */
  readonly unscanned: Readonly<Record<string, number>>
  /** Where there is a quarantine, and something for it. */
  readonly quarantined?: Quarantined | undefined
}

/** What preparing needs besides the records; made once. Holds no handle, so that a worker can make its own. */
export interface PrepareContext {
  readonly namespace: string
  readonly namespaceJson: string
  readonly policyJson: string
  readonly policyMember: string
  readonly alike: AlikeSpans
  readonly cleaner: Cleaner
  readonly committer: Committer
  /** Where everything that is prepared goes. */
  readonly batch: Batch
}

export function createPrepareContext(options: {
  namespace: string
  redactor: Redactor
  quarantineKey?: string | undefined
}): PrepareContext {
  const policy: PolicyRef = options.redactor.policy
  const { quarantineKey, namespace } = options
  const sealer = quarantineKey === undefined ? undefined : new WithheldSealer(quarantineKey, namespace, policy)
  const namespaceJson = jsonOfText(options.namespace)
  const policyJson = inOnePiece(canonicalJson(policy))
  return {
    namespace,
    namespaceJson,
    policyJson,
    policyMember: inOnePiece(`,"policy":${policyJson}`),
    alike: new AlikeSpans(namespaceJson),
    cleaner: new Cleaner(options.redactor, sealer !== undefined),
    committer: new Committer(),
    batch: new Batch(sealer),
  }
}

class RecordTooLarge extends Error {
  override readonly message = `its record would be larger than ${RECORD_MAX_BYTES} bytes`
}

/** Bytes of one part: a request whose records are much larger than itself does not fill the memory. */
const PART_BYTES = 4 * 1024 * 1024
const RECORDS_PER_STEP = 32

/** What a record says, in pieces of canonical JSON. */
export interface RecordText {
  readonly core: string
  /** Members of the list of references, and what they refer to. */
  readonly refs: string
  readonly digests: readonly Digest[]
}

/** Collects what is ready, of any number of bodies. */
export class Batch {
  readonly packer: BatchPacker = new BatchPacker()
  #rejected: RejectedRecord[] = []
  #withheld: Record<string, number> = {}
  #redactions: Record<string, number> = {}
  #unscanned: Record<string, number> = {}
  readonly #sealer: WithheldSealer | undefined

  constructor(sealer?: WithheldSealer) {
    this.#sealer = sealer
  }

  /** Counts what was found, once for each text that was looked at. */
  count(found: Findings): void {
    if (found.redactions !== undefined)
      for (const [rule, count] of Object.entries(found.redactions)) this.#redactions[rule] = (this.#redactions[rule] ?? 0) + count
    if (found.unscanned !== undefined)
      for (const [kind, count] of Object.entries(found.unscanned)) this.#unscanned[kind] = (this.#unscanned[kind] ?? 0) + count
    for (const content of found.contents) {
      if (!('withheld' in content)) continue
      this.#withheld[content.withheld] = (this.#withheld[content.withheld] ?? 0) + 1
      this.#sealer?.add(content, found.place)
    }
  }

  /** Records that cannot be kept, of those added since the last `take`. */
  get rejected(): RejectedRecord[] {
    return this.#rejected
  }

  /** Large enough to be stored before the rest is made ready. */
  get full(): boolean {
    return this.packer.sizeBytes >= PART_BYTES
  }

  /** `span` is what the record of a span says. */
  add({ core, refs }: RecordText, span?: SpanFacts): void {
    if (this.packer.addRecord(core, refs, span) > RECORD_MAX_BYTES + 1) throw new RecordTooLarge()
  }

  /** Runs `prepare`; when it fails, the record alone is rejected, under the name given, and leaves nothing behind. */
  attempt(name: Omit<RejectedRecord, 'reason'>, noun: string, prepare: () => void): void {
    const before = this.packer.mark()
    try {
      prepare()
    } catch (error) {
      this.packer.backTo(before)
      // The message of an unforeseen error may quote the record, so it is not passed on.
      const foreseen = error instanceof LoneSurrogate || error instanceof RecordTooLarge
      this.#rejected.push({ ...name, reason: foreseen ? error.message : `internal: the ${noun} could not be prepared` })
    }
  }

  /** What was collected since the last call. */
  take(): PreparedBatch {
    const prepared = {
      packed: this.packer.finish(),
      rejected: this.#rejected,
      redactions: this.#redactions,
      withheld: this.#withheld,
      unscanned: this.#unscanned,
      quarantined: this.#sealer?.take(),
    }
    this.#rejected = []
    this.#withheld = {}
    this.#redactions = {}
    this.#unscanned = {}
    return prepared
  }
}

/** A resource or a scope, cleaned and addressed once for all records beneath it. */
export interface SharedPart {
  readonly json: string
  readonly contents: readonly AddressedContent[]
  readonly found: Findings
}

export interface SharedScope {
  readonly text: SharedText
  readonly contents: readonly AddressedContent[]
  readonly resource: ResourceFacts
}

function sharePart(batch: Batch, write: (found: Findings) => string): SharedPart {
  const found = newFindings()
  const json = inOnePiece(write(found))
  batch.count(found)
  return { json, contents: found.contents.map((content) => addressContent(content, batch.packer)), found }
}

function shareScope(scope: WireScope, schemaUrl: string, resource: SharedPart, context: PrepareContext, batch: Batch): SharedScope {
  const part = sharePart(batch, (found) => scopeText(scope, schemaUrl, context.cleaner, found))
  return {
    text: {
      namespace: context.namespaceJson,
      policy: context.policyJson,
      resource: resource.json,
      scope: part.json,
      policyMember: context.policyMember,
      toRunId: inOnePiece(`,"resource":${resource.json},"runId":"`),
      behindRunId: inOnePiece(`","schema":"reprise.span/1","scope":${part.json}`),
      alike: context.alike,
      redactions: mergeCounts(resource.found.redactions, part.found.redactions),
      cuts: [...resource.found.cuts, ...part.found.cuts],
    },
    contents: [...resource.contents, ...part.contents],
    resource: batch.packer.resourceFacts(resource.json),
  }
}

/** Puts a core together with its payload entries, and what the record says beside its core. */
export function recordOf(core: CoreText, found: Findings, shared: SharedScope, context: PrepareContext, batch: Batch): RecordText {
  const text: PayloadText = { payloads: '', refs: '', digests: [] }
  for (const content of found.contents) addPayloadText(text, addressContent(content, batch.packer), context.committer)
  for (const content of shared.contents) addPayloadText(text, content, context.committer)
  batch.count(found)
  return { core: `${core.head},"payloads":[${text.payloads}]${core.tail}`, refs: text.refs, digests: text.digests }
}

/** A record whose core is written already, and that refers to nothing. */
export function plainRecord(core: string): RecordText {
  return { core, refs: '', digests: [] }
}

/** A signal's way of saying: this resource, these scopes, these records. */
export interface SignalGroup<Kept> {
  readonly resource: WireResource
  readonly schemaUrl: string
  readonly scopes: Iterable<{ readonly scope: WireScope; readonly schemaUrl: string; readonly records: Iterable<Kept> }>
}

export type PrepareOne<Kept> = (record: Kept, resource: WireResource, shared: SharedScope, context: PrepareContext, batch: Batch) => void

export type PrepareSteps = Generator<'turn' | 'full', void, void>

/**
 * Turns decoded records into records and blobs of the context's batch, all strings redacted. Yields now and then: `turn`, so
 * that a caller on an event loop can let others have one, or `full` when what is there is to be stored before what follows.
 * Nothing here waits. One bad record never costs its neighbours.
 */
export function* prepareGroups<Kept>(
  groups: Iterable<SignalGroup<Kept>>,
  context: PrepareContext,
  prepareOne: PrepareOne<Kept>,
): PrepareSteps {
  const { batch } = context
  let sinceYield = 0
  for (const { resource, schemaUrl, scopes } of groups) {
    const sharedResource = sharePart(batch, (found) => resourceText(resource, schemaUrl, context.cleaner, found))
    for (const { scope, schemaUrl: url, records } of scopes) {
      const shared = shareScope(scope, url, sharedResource, context, batch)
      for (const record of records) {
        prepareOne(record, resource, shared, context, batch)
        if (batch.full) yield 'full'
        if (++sinceYield >= RECORDS_PER_STEP) {
          sinceYield = 0
          yield 'turn'
        }
      }
    }
  }
}

/** All steps in one go, as one batch. */
export function runSteps(steps: PrepareSteps, context: PrepareContext): PreparedBatch {
  while (steps.next().done !== true);
  return context.batch.take()
}

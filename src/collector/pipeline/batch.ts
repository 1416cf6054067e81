import type { WireResource, WireScope } from '../../otlp/index.ts'
import type { Redactor } from '../../redaction/index.ts'
import { canonicalJson, type PolicyRef } from '../../schemas/index.ts'
import { type PreparedBlob, type PreparedRecord, RECORD_MAX_BYTES } from '../../store/index.ts'
import { type AddressedContent, addPayloadText, addressContent, type BlobSet, type PayloadText } from './address.ts'
import { jsonOfText, LoneSurrogate } from './canonical-text.ts'
import { Committer } from './commitment.ts'
import { Cleaner, type Findings, mergeCounts, newFindings } from './redact.ts'
import { type CoreText, resourceText, type SharedText, scopeText } from './write-core.ts'

/** A record that decoded well and still cannot be kept. */
export interface RejectedRecord {
  readonly spanName?: string
  readonly spanId?: string
  readonly eventName?: string
  readonly reason: string
}

/** What one decoded body becomes, or a part of it: ready to be appended. */
export interface PreparedBatch {
  readonly records: PreparedRecord[]
  readonly blobs: PreparedBlob[]
  /** Those that did not even decode are in the `rejected` of what was decoded. */
  readonly rejected: RejectedRecord[]
  /** Replaced stretches, by rule. */
  readonly redactions: Readonly<Record<string, number>>
  /** Contents withheld, by reason. */
  readonly withheld: Readonly<Record<string, number>>
}

/** What preparing needs besides the records; made once. Holds no handle, so that a worker can make its own. */
export interface PrepareContext {
  readonly namespaceJson: string
  readonly policyJson: string
  readonly cleaner: Cleaner
  readonly committer: Committer
}

export function createPrepareContext(options: { namespace: string; redactor: Redactor }): PrepareContext {
  const policy: PolicyRef = options.redactor.policy
  return {
    namespaceJson: jsonOfText(options.namespace),
    policyJson: canonicalJson(policy),
    cleaner: new Cleaner(options.redactor),
    committer: new Committer(),
  }
}

class RecordTooLarge extends Error {
  override readonly message = `its record would be larger than ${RECORD_MAX_BYTES} bytes`
}

/** UTF-16 units of records in one part: a request whose records are much larger than itself does not fill the memory. */
const PART_LENGTH = 8 * 1024 * 1024
const RECORDS_PER_STEP = 32

export class Batch {
  readonly records: PreparedRecord[] = []
  readonly blobs: BlobSet = new Map()
  readonly rejected: RejectedRecord[] = []
  readonly withheld: Record<string, number> = {}
  redactions: Readonly<Record<string, number>> = {}

  /** Counts what was found, once for each text that was looked at. */
  count(found: Findings): void {
    this.redactions = mergeCounts(this.redactions, found.redactions) ?? {}
    for (const content of found.contents) {
      if ('withheld' in content) this.withheld[content.withheld] = (this.withheld[content.withheld] ?? 0) + 1
    }
  }

  #length = 0

  /** Large enough to be stored before the rest is made ready. */
  get full(): boolean {
    return this.#length >= PART_LENGTH
  }

  add(record: PreparedRecord): void {
    if (record.line.length * 3 > RECORD_MAX_BYTES && Buffer.byteLength(record.line) > RECORD_MAX_BYTES) throw new RecordTooLarge()
    this.records.push(record)
    this.#length += record.line.length
  }

  /** Runs `prepare`; when it fails, the record alone is rejected, under the name given, and leaves nothing behind. */
  attempt(name: Omit<RejectedRecord, 'reason'>, noun: string, prepare: () => void): void {
    const blobsBefore = this.blobs.size
    try {
      prepare()
    } catch (error) {
      this.#dropBlobsFrom(blobsBefore)
      // The message of an unforeseen error may quote the record, so it is not passed on.
      const foreseen = error instanceof LoneSurrogate || error instanceof RecordTooLarge
      this.rejected.push({ ...name, reason: foreseen ? error.message : `internal: the ${noun} could not be prepared` })
    }
  }

  toPrepared(): PreparedBatch {
    const { records, rejected, redactions, withheld } = this
    return { records, blobs: [...this.blobs.values()], rejected, redactions, withheld }
  }

  #dropBlobsFrom(size: number): void {
    if (this.blobs.size > size) for (const digest of [...this.blobs.keys()].slice(size)) this.blobs.delete(digest)
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
}

function sharePart(batch: Batch, write: (found: Findings) => string): SharedPart {
  const found = newFindings()
  const json = write(found)
  batch.count(found)
  return { json, contents: found.contents.map((content) => addressContent(content, batch.blobs)), found }
}

function shareScope(scope: WireScope, schemaUrl: string, resource: SharedPart, context: PrepareContext, batch: Batch): SharedScope {
  const part = sharePart(batch, (found) => scopeText(scope, schemaUrl, context.cleaner, found))
  return {
    text: {
      namespace: context.namespaceJson,
      policy: context.policyJson,
      resource: resource.json,
      scope: part.json,
      redactions: mergeCounts(resource.found.redactions, part.found.redactions),
      cuts: [...resource.found.cuts, ...part.found.cuts],
    },
    contents: [...resource.contents, ...part.contents],
  }
}

/** Puts a core together with its payload entries, and what the record says beside its core. */
export function recordOf(core: CoreText, found: Findings, shared: SharedScope, context: PrepareContext, batch: Batch): PreparedRecord {
  const text: PayloadText = { payloads: '', refs: '' }
  for (const content of found.contents) addPayloadText(text, addressContent(content, batch.blobs), context.committer)
  for (const content of shared.contents) addPayloadText(text, content, context.committer)
  batch.count(found)
  return plainRecord(`${core.head},"payloads":[${text.payloads}]${core.tail}`, text.refs)
}

/** A record whose core is written already; `refs` are the members of its references. */
export function plainRecord(core: string, refs = ''): PreparedRecord {
  return { core, line: `{"core":${core},"refs":[${refs}]}` }
}

/** A signal's way of saying: this resource, these scopes, these records. */
export interface SignalGroup<Kept> {
  readonly resource: WireResource
  readonly schemaUrl: string
  readonly scopes: Iterable<{ readonly scope: WireScope; readonly schemaUrl: string; readonly records: readonly Kept[] }>
}

export type PrepareOne<Kept> = (record: Kept, resource: WireResource, shared: SharedScope, context: PrepareContext, batch: Batch) => void

export type PrepareSteps = Generator<PreparedBatch | undefined, PreparedBatch, void>

/**
 * Turns decoded records into records and blobs, all strings redacted. Yields now and then: nothing, so that a caller on an
 * event loop can let others have a turn, or a part that is to be stored before those after it. The rest is returned.
 * Nothing here waits. One bad record never costs its neighbours.
 */
export function* prepareGroups<Kept>(
  groups: Iterable<SignalGroup<Kept>>,
  context: PrepareContext,
  prepareOne: PrepareOne<Kept>,
): PrepareSteps {
  let batch = new Batch()
  let sinceYield = 0
  for (const { resource, schemaUrl, scopes } of groups) {
    const sharedResource = sharePart(batch, (found) => resourceText(resource, schemaUrl, context.cleaner, found))
    for (const { scope, schemaUrl: url, records } of scopes) {
      const shared = shareScope(scope, url, sharedResource, context, batch)
      for (const record of records) {
        prepareOne(record, resource, shared, context, batch)
        if (batch.full) {
          yield batch.toPrepared()
          batch = new Batch()
        }
        if (++sinceYield >= RECORDS_PER_STEP) {
          sinceYield = 0
          yield undefined
        }
      }
    }
  }
  return batch.toPrepared()
}

/** All steps in one go. */
export function runSteps(steps: PrepareSteps): PreparedBatch {
  const parts: PreparedBatch[] = []
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.value !== undefined) parts.push(step.value)
    if (step.done === true) return joinParts(parts)
  }
}

function joinParts(parts: readonly PreparedBatch[]): PreparedBatch {
  const [first] = parts
  if (parts.length === 1 && first !== undefined) return first
  const sum = (pick: (part: PreparedBatch) => Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
    parts.reduce<Readonly<Record<string, number>>>((total, part) => mergeCounts(total, pick(part)) ?? total, {})
  return {
    records: parts.flatMap((part) => part.records),
    blobs: parts.flatMap((part) => part.blobs),
    rejected: parts.flatMap((part) => part.rejected),
    redactions: sum((part) => part.redactions),
    withheld: sum((part) => part.withheld),
  }
}

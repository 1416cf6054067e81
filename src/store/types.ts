import type { ArtifactRef, Digest, Fidelity, GapRecord, LogRecord, RunStatus, RunSummary, SpanRecord, StepKind } from '../schemas/index.ts'
import type { PackedBatch } from './commit/packed-batch.ts'
import type { ErasurePreview, ErasureReceipt } from './erase/erase-store.ts'
import type { EraseSelection } from './erase/select-refs.ts'

/** One record, ready to be written: made by the pipeline, never changed here. */
export interface PreparedRecord {
  /** Canonical JSON of `{"core":…,"refs":…}`, without a line end. At most `RECORD_MAX_BYTES` of UTF-8. */
  readonly line: string
  /** Canonical JSON of the core: the very substring of `line`. */
  readonly core: string
}

/** `whole`: the bytes are the payload. `manifest`: they are the recipe of it, in terms of other blobs (see manifests/). */
export type BlobEncoding = 'whole' | 'manifest'

export interface PreparedBlob {
  /** Of the payload's exact bytes; for a manifest, of the bytes that it describes. */
  readonly digest: Digest
  readonly mediaType: string
  readonly data: Uint8Array
  /** Default `whole`. */
  readonly encoding?: BlobEncoding
}

export interface AppendBatch {
  readonly records: readonly PreparedRecord[]
  readonly blobs: readonly PreparedBlob[]
}

export interface BlobInfo {
  /** Size of the payload itself, whatever its stored form. */
  readonly sizeBytes: number
  readonly mediaType: string
}

export interface BlobReader {
  has(digest: Digest): boolean
  /** The exact bytes, verified. Throws `artifact_missing`, or `integrity` naming the digest. */
  read(digest: Digest): Buffer
  /**
   * The bytes from `start` up to `end`, verified, in pieces of at most 1 MiB; no more than that is held of a large payload. The
   * first part of a large one that is asked for costs one look at the whole. Throws as `read` does, and `invalid_argument` for
   * a range that is not within the payload.
   */
  readRange(digest: Digest, start: number, end: number): AsyncGenerator<Uint8Array, void, void>
  info(digest: Digest): BlobInfo | undefined
}

export interface TapeGroup {
  readonly group: number
  readonly lines: string[]
}

export interface TapeHead {
  /** Number of the last group, -1 when there is none. */
  readonly group: number
  /** Its group digest; 64 zeros when there is none. */
  readonly digest: Digest
}

export interface TapeReader {
  /** The last group that may be read: in a writing store the last one that is on the disk. */
  head(): TapeHead
  /** Groups from this number to the head of the moment it is reached. Throws `integrity` at a damaged group. */
  readGroups(fromGroup: number): AsyncIterable<TapeGroup>
  /** Throws `integrity` when the group is damaged, `invalid_argument` when there is no such line. */
  readLine(group: number, line: number): string
  /** Calls back after each group that became durable in this process. Returns the function that stops it. */
  onCommit(listener: (head: TapeHead) => void): () => void
}

/** Every condition that is given must hold. Text is compared without regard to the case of ASCII letters, but for whole names. */
export interface ListRunsQuery {
  /** 1 to 1000. */
  readonly limit: number
  /** `next` of the page before, of the same conditions. */
  readonly cursor?: string
  readonly namespace?: string
  readonly kind?: StepKind | string
  readonly status?: RunStatus | string
  readonly fidelity?: Fidelity
  /** The whole name. */
  readonly name?: string
  readonly namePrefix?: string
  readonly nameContains?: string
  /** A model that some step of the run asked for. */
  readonly model?: string
  readonly session?: string
  /** Each `key=value`, or only a key, or a bare word. */
  readonly tags?: readonly string[]
  /** Runs that started at or after, and before, this time: nanoseconds as decimal digits. */
  readonly fromNanos?: string
  readonly toNanos?: string
  /** In US dollars, as spans carry it. A run without any cost has none of 0 either. */
  readonly costMin?: number
  readonly costMax?: number
  /** Text in the name of some step. */
  readonly stepText?: string
}

export interface RunPage {
  readonly runs: RunSummary[]
  /** There may be more. A page of a search that finds little can be short, or empty, before the end: how much one call looks at is bounded. */
  readonly next?: string
}

export interface ListStepsQuery {
  /** 1 to 1000. */
  readonly limit: number
  readonly cursor?: string
  readonly namespace?: string
  readonly kinds?: readonly (StepKind | string)[]
  /** `open`: announced, and not ended yet. */
  readonly status?: 'ok' | 'error' | 'open'
  /** Places in the call order, both included. Steps without a place are then left out. */
  readonly fromSequence?: number
  readonly toSequence?: number
  /** Steps that started at or after, and before, this time: nanoseconds as decimal digits. */
  readonly fromNanos?: string
  readonly toNanos?: string
  /** At most this many steps above it that are of the run: 0 gives the root alone. */
  readonly maxDepth?: number
  readonly nameContains?: string
}

export interface StepPage {
  readonly steps: SpanRecord[]
  /** As for `RunPage`. */
  readonly next?: string
}

export interface ListLogsQuery {
  /** 1 to 1000. */
  readonly limit: number
  readonly cursor?: string
  readonly namespace?: string
  /** Only those of this step. */
  readonly spanId?: string
  /** As OpenTelemetry numbers them, 1 to 24. */
  readonly severityMin?: number
}

export interface LogPage {
  readonly logs: LogRecord[]
  readonly next?: string
}

/** What is known to be missing of a run. */
export interface RunGaps {
  /** Gap records in tape order, the first 1000. */
  readonly gaps: GapRecord[]
  /** Those that have not come, whether a gap record says so already or they are still waited for. */
  readonly missingBatches: MissingBatches[]
  /** Those that a gap record gave up and that came after all. */
  readonly lateBatches: MissingBatches[]
}

/** A final record of a step that says something else than the first one, which stands. */
export interface StepConflict {
  readonly spanId: string
  /** Where it stands on the tape. */
  readonly group: number
  readonly line: number
  /** JSON pointers into the core, and roles of payloads, in which it differs from the one that stands. */
  readonly differs: string[]
  readonly record: SpanRecord
}

/** Batches that a sender numbered, both numbers included. They may have held steps of other runs of that sender. */
export interface MissingBatches {
  readonly sender: string
  readonly from: number
  readonly to: number
}

/** A place where an artifact is referred to. */
export interface ArtifactUse {
  readonly namespace: string
  /** Absent for a log record that belongs to no run, or to no step. */
  readonly runId?: string
  readonly spanId?: string
  readonly group: number
  readonly line: number
  readonly artifact: ArtifactRef
}

export interface StoreIndex {
  /** Resolves when everything that was on the tape at the call is in the index. */
  catchUp(): Promise<void>
  /** Newest first; equal starts by id. */
  listRuns(query: ListRunsQuery): RunPage
  readRun(id: string, namespace?: string): RunSummary | undefined
  /** In id order. */
  findRunIds(prefix: string, limit: number): string[]
  /** Likely meant ids, nearest first. */
  nearestRunIds(id: string, limit: number): string[]
  /** In call order (sequence), steps without one after them by start; each with its merged, latest state. */
  listSteps(runId: string, query: ListStepsQuery): StepPage
  /** One step in its merged, latest state. */
  readStep(runId: string, spanId: string, namespace?: string): SpanRecord | undefined
  /** Steps whose span ids begin so (1 to 16 hex digits), at most so many. */
  findSteps(runId: string, prefix: string, limit: number, namespace?: string): SpanRecord[]
  /** By time, equal times in tape order. */
  listLogs(runId: string, query: ListLogsQuery): LogPage
  readGaps(runId: string, namespace?: string): RunGaps
  /** Records that contradict steps of the run, in tape order: the first 100, or 8 MiB of them. */
  readConflicts(runId: string, namespace?: string): StepConflict[]
  /** Batches that have not come and that no gap record tells of yet, of at most so many senders (1 to 1000). */
  listMissingBatches(limit: number): MissingBatches[]
  artifactRefs(digest: Digest, limit?: number): ArtifactUse[]
  /** Why the index cannot keep up; undefined when it can. */
  problem(): string | undefined
}

export interface ReindexProgress {
  /** Groups done, and groups in all. */
  readonly group: number
  readonly groups: number
  readonly records: number
}

export interface ReindexResult {
  readonly groups: number
  readonly records: number
}

/** How far a check has come: first the groups of the tape with their payloads, then the packs. */
export interface CheckProgress {
  readonly stage: 'groups' | 'packs' | 'index'
  readonly done: number
  readonly total: number
  /** Records seen so far. */
  readonly records: number
}

/** Bytes that were not a whole group or blob when the store was opened after a crash. */
export interface CutTail {
  /** Relative to the store. */
  readonly file: string
  readonly atBytes: number
  readonly cutBytes: number
  /** Where the bytes were put aside, relative to the store. */
  readonly keptAs: string
}

export interface RecoveryReport {
  readonly cut: readonly CutTail[]
  /** Groups of the live segment whose bytes are damaged though later groups are whole: they stay, and `checkStore` names them. */
  readonly damagedGroups: number
}

export interface StoreSummary {
  readonly groups: number
  readonly records: number
  readonly runs: number
  /** Spans known to be missing, over all gap records. */
  readonly gaps: number
  readonly segmentBytes: number
  readonly blobBytes: number
}

/** What sealing has done since the store was opened. */
export interface SealProgress {
  readonly files: number
  readonly fromBytes: number
  readonly toBytes: number
  /** Why it does not go on; it tries again when the next file is closed. */
  readonly problem?: string
}

/** The durable place of a view that follows the tape: the next line to take. */
export interface ViewPosition {
  readonly group: number
  readonly line: number
}

export interface ViewCursor {
  read(): ViewPosition
  save(group: number, line: number): Promise<void>
}

/** What `checkStore` can find. Those that begin with `artifact` name the digest. */
export const STORE_PROBLEM_CODES = [
  'frame_damaged',
  'group_damaged',
  'group_missing',
  'group_digest',
  'chain_broken',
  'record_invalid',
  'pack_damaged',
  'pack_index',
  'index_damaged',
  'index_differs',
  'view_cursor',
  'erasure_unfinished',
  'key_damaged',
  'commitment',
  'artifact_missing',
  'artifact_damaged',
] as const
export type StoreProblemCode = (typeof STORE_PROBLEM_CODES)[number]

export interface StoreProblem {
  readonly code: StoreProblemCode
  /** Where: file relative to the store, and the group, line, byte offset or digest as far as known. */
  readonly file: string
  readonly group?: number
  readonly line?: number
  /** JSON pointer into the record of that line. */
  readonly pointer?: string
  readonly offset?: number
  readonly digest?: Digest
  readonly message: string
}

export interface StoreCheck {
  readonly schema: 'reprise.store-check/1'
  readonly groups: number
  readonly records: number
  readonly blobs: number
  /** Payloads that a core commits to and that were erased: their proofs stand, nothing else is left of them. */
  readonly erased: number
  /** Records that say something else than the first of their step: both are kept, and neither is wrong. Absent where the index was not compared. */
  readonly conflicts?: number
  /** Views whose place was checked. */
  readonly views: number
  readonly head: TapeHead
  /** Bytes that crashes left unfinished and opening put aside, with the number of their files. */
  readonly cut: { readonly files: number; readonly bytes: number }
  /** Bytes after the last whole group: being written, or left by a crash and cut by the next writer. Never acknowledged. */
  readonly unfinishedBytes: number
  /** Bounded; `problemCount` counts all. */
  readonly problems: StoreProblem[]
  readonly problemCount: number
}

export interface Store {
  readonly dir: string
  readonly mode: 'read' | 'write'
  readonly recovered: RecoveryReport
  readonly blobs: BlobReader
  readonly tape: TapeReader
  readonly index: StoreIndex
  /**
   * Resolves when the blobs and then the records are on the disk. Concurrent calls share a group. A batch of more than
   * `GROUP_MAX_BYTES` spans several groups, of which the last is named.
   *
   * @throws RepriseError `limit_exceeded` (retryable: the queue is full; not retryable: a record over `RECORD_MAX_BYTES`),
   *   `store_write_failed` (retryable; nothing of the batch counts as stored), `store_closed`
   */
  append(batch: AppendBatch | PackedBatch): Promise<{ group: number }>
  /** Why the disk takes no writes at present; undefined when it does. */
  problem(): string | undefined
  /** Tells whoever finds the store being written where its writer can be asked. Best effort: it may not be kept. */
  tellUrl(url: string): void
  /** All steps of a run as `listSteps` gives them. */
  readRunRecords(runId: string, namespace?: string): SpanRecord[]
  reindex(onProgress?: (progress: ReindexProgress) => void): Promise<ReindexResult>
  checkStore(onProgress?: (progress: CheckProgress) => void): Promise<StoreCheck>
  openCursor(name: string): ViewCursor
  /** Compresses every closed segment and pack now; resolves when that is done. What is being written stays as it is. */
  seal(): Promise<SealProgress>
  /**
   * Erases payloads: those of a run, given ones, or given ones of a run. What other records refer to as well stays, and the
   * receipt says so. Appends wait meanwhile; the index is made anew. Proofs and chain stay what they are.
   *
   * @throws RepriseError `integrity` where a group is damaged, with nothing changed
   */
  erase(selection: EraseSelection): Promise<ErasureReceipt>
  /** What the same erasure would do. Needs no store that is open for writing. */
  previewErasure(selection: EraseSelection): Promise<ErasurePreview>
  readSummary(): StoreSummary
  /** The redaction HMAC key: 32 random bytes. */
  key(): Uint8Array
  /** Keeps what the digest of a redaction policy covers, before records name it. Durable when it returns. */
  keepPolicy(text: string): void
  /** The same, by its digest; undefined for policies that every release has. Throws `integrity` where the file was changed. */
  readPolicy(digest: Digest): Uint8Array | undefined
  close(): Promise<void>
}

export interface OpenStoreOptions {
  /** One writer, any number of readers. */
  readonly mode: 'write' | 'read'
  /** Make the store when it is not there. Default true when writing. A reader finds an empty store. */
  readonly create?: boolean
  /** For the text that a second writer is shown, e.g. `reprise up`. */
  readonly startedBy?: string
  /** Of the gap records that the store itself writes. Default `local`. */
  readonly namespace?: string
  /** Keep the index in a thread of its own: for a writer that is busy. Default false. */
  readonly indexThread?: boolean
  /** Compress closed segments and packs in the background, in a thread of low priority. Default false. */
  readonly seal?: boolean
  /** Bytes of waiting batches; past it `append` rejects. Default 64 MiB. */
  readonly queueMaxBytes?: number
  /** A segment or pack is closed once it is this large. Default 64 MiB. */
  readonly segmentRollBytes?: number
}

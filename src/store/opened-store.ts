import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, RepriseError, type SpanRecord } from '../schemas/index.ts'
import type { BlobStore } from './blobs/blob-store.ts'
import type { BlobWriter } from './blobs/blob-writer.ts'
import type { PackSet } from './blobs/pack-set.ts'
import { checkStoreFiles } from './check/check-store.ts'
import type { GroupCommit } from './commit/group-commit.ts'
import type { PackedBatch } from './commit/packed-batch.ts'
import { type EraseParts, type ErasurePreview, type ErasureReceipt, erasePayloads, previewErasure } from './erase/erase-store.ts'
import type { EraseSelection } from './erase/select-refs.ts'
import type { Closers } from './files/close-all.ts'
import { diskError } from './files/disk-error.ts'
import { readRedactionKey } from './files/key-file.ts'
import type { Layout } from './files/layout.ts'
import { keepPolicyFile, readPolicyFile } from './files/policy-files.ts'
import type { WriterLock } from './files/writer-lock.ts'
import type { Outage } from './gaps/outage.ts'
import type { ThreadedIndex } from './index/index-thread.ts'
import type { ReadOnlyIndex } from './index/read-only-index.ts'
import type { FollowingIndex } from './index/store-index.ts'
import type { Sealer } from './seal/sealer.ts'
import type { Tape } from './tape/tape.ts'
import type { TapeWriter } from './tape/tape-writer.ts'
import type {
  AppendBatch,
  CheckProgress,
  RecoveryReport,
  ReindexProgress,
  ReindexResult,
  SealProgress,
  Store,
  StoreCheck,
  StoreSummary,
  ViewCursor,
} from './types.ts'
import { openCursorFile } from './views/cursor.ts'

interface Writing {
  readonly commit: GroupCommit
  readonly index: FollowingIndex | ThreadedIndex
  readonly tapeWriter: TapeWriter
  readonly blobWriter: BlobWriter
  readonly sealer: Sealer
  readonly outage: Outage
  readonly lock: WriterLock
}

export interface OpenedParts {
  readonly layout: Layout
  readonly mode: 'read' | 'write'
  readonly recovered: RecoveryReport
  readonly tape: Tape
  readonly packs: PackSet
  readonly blobs: BlobStore
  readonly index: FollowingIndex | ReadOnlyIndex | ThreadedIndex
  readonly writing: Writing | undefined
  /** Closes every part, in the opposite order of their opening. */
  readonly closers: Closers
}

/** The parts of a store, opened together and closed together. */
export class OpenedStore implements Store {
  readonly dir: string
  readonly mode: 'read' | 'write'
  readonly recovered: RecoveryReport
  readonly blobs: BlobStore
  readonly tape: Tape
  readonly index: FollowingIndex | ReadOnlyIndex | ThreadedIndex
  readonly #parts: OpenedParts
  #closing: Promise<void> | undefined
  #erasing: Promise<ErasureReceipt> | undefined
  /** While an erasure changes files of the tape, nothing may be appended. */
  #standing: Promise<void> | undefined
  #appending = 0
  #idle: (() => void) | undefined

  constructor(parts: OpenedParts) {
    this.#parts = parts
    this.dir = parts.layout.dir
    this.mode = parts.mode
    this.recovered = parts.recovered
    this.blobs = parts.blobs
    this.tape = parts.tape
    this.index = parts.index
  }

  #writing(what: string): Writing {
    if (this.#closing !== undefined) throw new RepriseError('store_closed', 'the store is closed')
    const { writing } = this.#parts
    if (writing === undefined) throw new RepriseError('invalid_argument', `${what} needs the store to be open for writing`)
    return writing
  }

  async append(batch: AppendBatch | PackedBatch): Promise<{ group: number }> {
    while (this.#standing !== undefined) await this.#standing
    const { commit, outage } = this.#writing('append')
    this.#appending++
    try {
      const appended = await commit.append(batch)
      outage.succeeded()
      return appended
    } catch (error) {
      outage.failed(error, 'lines' in batch ? batch.lines.ends.length : batch.records.length)
      throw error
    } finally {
      this.#appending--
      if (this.#appending === 0) this.#idle?.()
    }
  }

  async erase(selection: EraseSelection): Promise<ErasureReceipt> {
    while (this.#erasing !== undefined) await this.#erasing.catch(() => undefined)
    const erasing = this.#erase(this.#writing('erasing'), selection)
    this.#erasing = erasing.finally(() => {
      this.#erasing = undefined
    })
    return await this.#erasing
  }

  async previewErasure(selection: EraseSelection): Promise<ErasurePreview> {
    return await previewErasure(this.#parts, selection)
  }

  async #erase(writing: Writing, selection: EraseSelection): Promise<ErasureReceipt> {
    const { index } = this.#parts
    const payloads = this.#erasePayloads(writing, selection)
    const settled = (): void => {
      this.#standing = undefined
    }
    this.#standing = payloads.then(settled, settled)
    const receipt = await payloads
    // Senders go on meanwhile: what they add is taken in with the rest.
    if ('reindex' in index) await index.reindex()
    return receipt
  }

  async #erasePayloads(writing: Writing, selection: EraseSelection): Promise<ErasureReceipt> {
    const { layout, tape, packs, blobs } = this.#parts
    if (this.#appending > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
    const release = await writing.sealer.hold()
    try {
      return await erasePayloads({ layout, tape, packs, blobs, ...erasureOf(writing) }, selection)
    } catch (error) {
      throw diskError(`the erasure in ${this.dir} is not done`, error)
    } finally {
      release()
    }
  }

  problem(): string | undefined {
    return this.#parts.writing?.outage.problem()
  }

  tellUrl(url: string): void {
    try {
      this.#writing('telling where it is served').lock.tellUrl(url)
    } catch (error) {
      // A full disk: those who look for the collector do not find it this way.
      if (RepriseError.isInstance(error)) throw error
    }
  }

  readRunRecords(runId: string, namespace?: string): SpanRecord[] {
    return this.index.readSteps(runId, namespace)
  }

  async reindex(onProgress?: (progress: ReindexProgress) => void): Promise<ReindexResult> {
    return await this.#writing('reindex').index.reindex(onProgress)
  }

  async checkStore(onProgress?: (progress: CheckProgress) => void): Promise<StoreCheck> {
    const { layout, tape, packs, blobs } = this.#parts
    return await checkStoreFiles({ layout, tape, packs, blobs }, onProgress)
  }

  openCursor(name: string): ViewCursor {
    this.#writing('a view')
    return openCursorFile(this.#parts.layout, name)
  }

  async seal(): Promise<SealProgress> {
    return await this.#writing('sealing').sealer.sealAll()
  }

  readSummary(): StoreSummary {
    const { layout, tape, index } = this.#parts
    return {
      groups: tape.head().group + 1,
      ...index.readCounts(),
      segmentBytes: bytesUnder(layout.segments),
      blobBytes: bytesUnder(layout.blobs),
    }
  }

  key(): Uint8Array {
    return readRedactionKey(this.#parts.layout)
  }

  keepPolicy(text: string): void {
    this.#writing('keeping a policy')
    try {
      keepPolicyFile(this.#parts.layout, text)
    } catch (error) {
      throw diskError(`the redaction policy cannot be kept in ${this.dir}`, error)
    }
  }

  readPolicy(digest: Digest): Uint8Array | undefined {
    return readPolicyFile(this.#parts.layout, digest)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#erasing?.catch(() => undefined)
    await this.#parts.closers.close()
  }
}

/** What of the writing parts an erasure needs. */
export function erasureOf({
  tapeWriter,
  blobWriter,
  sealer,
}: Pick<Writing, 'tapeWriter' | 'blobWriter' | 'sealer'>): Pick<EraseParts, 'closeLive' | 'perform'> {
  return {
    closeLive: async () => {
      tapeWriter.roll()
      await blobWriter.roll()
    },
    perform: (job) => sealer.perform(job),
  }
}

function bytesUnder(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .reduce((sum, entry) => sum + (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0), 0)
  } catch {
    return 0
  }
}

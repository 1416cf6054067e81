import { isDigest, RepriseError } from '../../schemas/index.ts'
import type { BlobWriter } from '../blobs/blob-writer.ts'
import { systemCodeOf } from '../files/durable.ts'
import type { StepRows } from '../index/step-rows.ts'
import { GROUP_MAX_BYTES, RECORD_MAX_BYTES } from '../limits.ts'
import { holdsCore } from '../tape/group-digest.ts'
import type { TapeWriter } from '../tape/tape-writer.ts'
import type { AppendBatch, PreparedRecord } from '../types.ts'
import { BatchPacker } from './batch-packer.ts'
import { type PackedBatch, type PackedBlobs, type PackedLines, sizeOfBatch } from './packed-batch.ts'

/**
 * Lines and blobs. More in one group would hardly save time, and take more memory from everybody who reads it; what comes in one
 * batch is written from where it stands, without a copy.
 */
const GROUP_GOOD_BYTES = 1024 * 1024

/** A batch on its way, and whom to tell. */
interface Waiting {
  readonly batch: PackedBatch
  readonly sizeBytes: number
  readonly resolve: (result: { group: number }) => void
  readonly reject: (error: unknown) => void
}

export interface GroupCommitOptions {
  readonly tape: TapeWriter
  readonly blobs: BlobWriter
  readonly queueMaxBytes: number
  /** After each group, for the views that follow: what the index keeps of all its lines, in order, where that is known. */
  readonly onGroup: (group: number, rows: readonly StepRows[] | undefined) => void
}

/**
 * Makes batches durable: their blobs are written, then their records, and both files are waited for together. Batches that arrive
 * meanwhile share the next group. A power cut may leave the last group without its blobs: it was not acknowledged, and the next
 * opening cuts it.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions
  readonly #queue: Waiting[] = []
  readonly #packer = new BatchPacker()
  #queuedBytes = 0
  #writing: Promise<void> | undefined
  #closed = false

  constructor(options: GroupCommitOptions) {
    this.#options = options
  }

  append(batch: AppendBatch | PackedBatch): Promise<{ group: number }> {
    if (this.#closed) return Promise.reject(new RepriseError('store_closed', 'the store is closed'))
    let packed: PackedBatch
    try {
      packed = 'lines' in batch ? batch : this.#pack(batch)
    } catch (error) {
      return Promise.reject(error)
    }
    if (packed.lines.ends.length === 0) {
      if (packed.blobs.ends.length === 0) return Promise.resolve({ group: this.#options.tape.nextGroup - 1 })
      return Promise.reject(new RepriseError('invalid_argument', 'blobs without a record: nothing would refer to them'))
    }
    const sizeBytes = sizeOfBatch(packed)
    // Alone, a batch of any size is taken: it could never pass otherwise.
    if (this.#queuedBytes > 0 && this.#queuedBytes + sizeBytes > this.#options.queueMaxBytes) {
      const message = `${this.#queuedBytes} bytes already wait for the disk; at most ${this.#options.queueMaxBytes} may`
      return Promise.reject(new RepriseError('limit_exceeded', message, { retryable: true }))
    }
    this.#queuedBytes += sizeBytes
    return new Promise((resolve, reject) => {
      this.#queue.push({ batch: packed, sizeBytes, resolve, reject })
      this.#writing ??= this.#write()
    })
  }

  #pack({ records, blobs }: AppendBatch): PackedBatch {
    for (const record of records) checkRecord(record)
    for (const { digest } of blobs) checkDigest(digest)
    for (const blob of blobs) this.#packer.addBlob(blob)
    for (const { line, core } of records) this.#packer.addLine(line, core.length)
    return this.#packer.finish()
  }

  async #write(): Promise<void> {
    // Callers of the same turn join the first group.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const taken = takeGroup(this.#queue)
      try {
        const group = await this.#commit(taken)
        for (const { sizeBytes, resolve } of taken) {
          this.#queuedBytes -= sizeBytes
          resolve({ group })
        }
      } catch (cause) {
        this.#refuse(taken, cause)
      }
    }
    this.#writing = undefined
  }

  #refuse(taken: readonly Waiting[], cause: unknown): void {
    const error = writeFailed(cause)
    for (const { sizeBytes, reject } of taken) {
      this.#queuedBytes -= sizeBytes
      reject(error)
    }
  }

  async #commit(taken: readonly Waiting[]): Promise<number> {
    const { blobs, onGroup } = this.#options
    await blobs.write(taken.map(({ batch }): PackedBlobs => batch.blobs))
    let group = -1
    const parts = groupsOf(taken)
    const rows = parts.length === 1 ? rowsOf(taken) : undefined
    for (const lines of parts) {
      group = await this.#commitGroup(lines)
      onGroup(group, rows)
    }
    return group
  }

  /** A group, and the blobs that were written before it. */
  async #commitGroup(lines: readonly PackedLines[]): Promise<number> {
    const { tape, blobs } = this.#options
    const written = await settled(tape.write(lines, blobs.mark))
    // Without the group, its blobs are still ones that the store has.
    const synced = await Promise.all([settled(blobs.sync()), written ?? settled(tape.sync())])
    const failed = written ?? synced.find((failure) => failure !== undefined)
    if (failed === undefined) return tape.keep()
    tape.drop()
    throw failed.cause
  }

  /** Resolves when everything accepted before is answered; refuses what comes after. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#writing
  }
}

/** Why a promise failed; undefined where it did not. */
async function settled(promise: Promise<void>): Promise<{ readonly cause: unknown } | undefined> {
  try {
    await promise
    return undefined
  } catch (cause) {
    return { cause }
  }
}

/** As many waiting batches as make a good group; at least one. */
function takeGroup(waiting: Waiting[]): Waiting[] {
  let bytes = 0
  let count = 0
  for (const { sizeBytes } of waiting) {
    if (count > 0 && bytes + sizeBytes > GROUP_GOOD_BYTES) break
    bytes += sizeBytes
    count++
  }
  return waiting.splice(0, count)
}

function checkRecord({ line, core }: PreparedRecord): void {
  if (!holdsCore(line, core))
    throw new RepriseError('invalid_argument', 'record: expected the line {"core":…,"refs":[…]} with its core, without a line end')
  const bytes = Buffer.byteLength(line)
  if (bytes > RECORD_MAX_BYTES)
    throw new RepriseError('limit_exceeded', `a record has ${bytes} bytes; at most ${RECORD_MAX_BYTES} are kept`)
}

function checkDigest(digest: string): void {
  if (!isDigest(digest)) throw new RepriseError('invalid_argument', 'blob: expected a digest of sha256: and 64 lowercase hex digits')
}

/** The lines in order, in groups of at most `GROUP_MAX_BYTES`: usually one. Only a batch that is alone can be larger. */
function groupsOf(taken: readonly Waiting[]): (readonly PackedLines[])[] {
  const [first] = taken
  if (first === undefined) return []
  if (taken.length > 1 || first.batch.lines.bytes.length <= GROUP_MAX_BYTES) return [taken.map(({ batch }) => batch.lines)]
  return [...cutLines(first.batch.lines)].map((lines) => [lines])
}

function rowsOf(taken: readonly Waiting[]): readonly StepRows[] | undefined {
  const rows: StepRows[] = []
  for (const { batch } of taken) {
    if (batch.rows === undefined) return undefined
    rows.push(batch.rows)
  }
  return rows
}

function* cutLines({ bytes, ends, coreHashes }: PackedLines): Generator<PackedLines, void, void> {
  for (let from = 0; from < ends.length; ) {
    const start = from === 0 ? 0 : (ends[from - 1] ?? 0)
    let to = from + 1
    while (to < ends.length && (ends[to] ?? 0) - start <= GROUP_MAX_BYTES) to++
    yield {
      bytes: bytes.subarray(start, ends[to - 1]),
      ends: ends.subarray(from, to).map((end) => end - start),
      coreHashes: coreHashes.subarray(from * 32, to * 32),
    }
    from = to
  }
}

function writeFailed(cause: unknown): RepriseError {
  if (RepriseError.isInstance(cause)) return cause
  const system = systemCodeOf(cause)
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new RepriseError('store_write_failed', `the store could not write: ${reason}`, {
    cause,
    retryable: true,
    ...(system !== undefined && { details: { system } }),
  })
}

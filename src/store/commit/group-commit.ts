import { isDigest, RepriseError } from '../../schemas/index.ts'
import type { BlobWriter } from '../blobs/blob-writer.ts'
import { systemCodeOf } from '../files/durable.ts'
import { GROUP_MAX_BYTES, RECORD_MAX_BYTES } from '../limits.ts'
import { holdsCore } from '../tape/group-digest.ts'
import type { TapeWriter } from '../tape/tape-writer.ts'
import type { AppendBatch, PreparedBlob, PreparedRecord } from '../types.ts'

interface Waiting {
  readonly batch: AppendBatch
  /** Bytes of each line with its end. */
  readonly lineBytes: readonly number[]
  readonly linesBytes: number
  readonly sizeBytes: number
  readonly resolve: (result: { group: number }) => void
  readonly reject: (error: unknown) => void
}

export interface GroupCommitOptions {
  readonly tape: TapeWriter
  readonly blobs: BlobWriter
  readonly queueMaxBytes: number
  /** After each group: what was written, for the views that follow. */
  readonly onGroup: (group: number, records: readonly PreparedRecord[]) => void
}

/**
 * Makes batches durable, first their blobs, then their records. Batches that arrive while one commit is under way share
 * the next one.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions
  readonly #queue: Waiting[] = []
  #queuedBytes = 0
  #running: Promise<void> | undefined
  #closed = false

  constructor(options: GroupCommitOptions) {
    this.#options = options
  }

  append(batch: AppendBatch): Promise<{ group: number }> {
    if (this.#closed) return Promise.reject(new RepriseError('store_closed', 'the store is closed'))
    if (batch.records.length === 0) {
      if (batch.blobs.length === 0) return Promise.resolve({ group: this.#options.tape.nextGroup - 1 })
      return Promise.reject(new RepriseError('invalid_argument', 'blobs without a record: nothing would refer to them'))
    }
    let lineBytes: number[]
    try {
      lineBytes = batch.records.map(checkedLineBytes)
      for (const { digest } of batch.blobs) checkDigest(digest)
    } catch (error) {
      return Promise.reject(error)
    }
    const linesBytes = lineBytes.reduce((sum, bytes) => sum + bytes, 0)
    const sizeBytes = batch.blobs.reduce((sum, { data }) => sum + data.length, linesBytes)
    // Alone, a batch of any size is taken: it could never pass otherwise.
    if (this.#queuedBytes > 0 && this.#queuedBytes + sizeBytes > this.#options.queueMaxBytes) {
      const message = `${this.#queuedBytes} bytes already wait for the disk; at most ${this.#options.queueMaxBytes} may`
      return Promise.reject(new RepriseError('limit_exceeded', message, { retryable: true }))
    }
    this.#queuedBytes += sizeBytes
    return new Promise((resolve, reject) => {
      this.#queue.push({ batch, lineBytes, linesBytes, sizeBytes, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  async #run(): Promise<void> {
    // Callers of the same turn join the first group.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const taken = this.#take()
      try {
        const group = await this.#commit(taken)
        for (const { resolve } of taken) resolve({ group })
      } catch (cause) {
        const error = writeFailed(cause)
        for (const { reject } of taken) reject(error)
      }
      for (const { sizeBytes } of taken) this.#queuedBytes -= sizeBytes
    }
    this.#running = undefined
  }

  /** As many waiting batches as fit in one group; at least one. */
  #take(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const { linesBytes } of this.#queue) {
      if (count > 0 && bytes + linesBytes > GROUP_MAX_BYTES) break
      bytes += linesBytes
      count++
    }
    return this.#queue.splice(0, count)
  }

  async #commit(taken: readonly Waiting[]): Promise<number> {
    const { tape, blobs, onGroup } = this.#options
    await blobs.append(blobsOf(taken))
    let group = -1
    for (const { records, bytes } of groupsOf(taken)) {
      const entry = await tape.append(records, bytes, blobs.mark)
      group = entry.group
      onGroup(group, records)
    }
    return group
  }

  /** Resolves when everything accepted before is answered; refuses what comes after. */
  async close(): Promise<void> {
    this.#closed = true
    while (this.#running !== undefined) await this.#running
  }
}

function checkedLineBytes({ line, core }: PreparedRecord): number {
  if (!holdsCore(line, core))
    throw new RepriseError('invalid_argument', 'record: expected the line {"core":…,"refs":[…]} with its core, without a line end')
  const bytes = Buffer.byteLength(line)
  if (bytes > RECORD_MAX_BYTES)
    throw new RepriseError('limit_exceeded', `a record has ${bytes} bytes; at most ${RECORD_MAX_BYTES} are kept`)
  return bytes + 1
}

function checkDigest(digest: string): void {
  if (!isDigest(digest)) throw new RepriseError('invalid_argument', 'blob: expected a digest of sha256: and 64 lowercase hex digits')
}

function* blobsOf(taken: readonly Waiting[]): Generator<PreparedBlob, void, void> {
  for (const { batch } of taken) yield* batch.blobs
}

/** The records in order, cut into groups of at most `GROUP_MAX_BYTES`: usually one. */
function* groupsOf(taken: readonly Waiting[]): Generator<{ records: PreparedRecord[]; bytes: number }, void, void> {
  let records: PreparedRecord[] = []
  let bytes = 0
  for (const { batch, lineBytes } of taken) {
    for (const [index, record] of batch.records.entries()) {
      const length = lineBytes[index] ?? 0
      if (bytes + length > GROUP_MAX_BYTES) {
        yield { records, bytes }
        records = []
        bytes = 0
      }
      records.push(record)
      bytes += length
    }
  }
  if (records.length > 0) yield { records, bytes }
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

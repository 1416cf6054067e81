import { relative } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { commitmentOf, type Digest, isDigest, RepriseError, type SpanRecord } from '../../schemas/index.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import { type BlobPlace, PackIndex } from '../blobs/pack-index.ts'
import type { PackSet } from '../blobs/pack-set.ts'
import type { Layout } from '../files/layout.ts'
import type { ScannedDamage } from '../frames/scan.ts'
import { isSpanRecord } from '../index/record-row.ts'
import type { Tape } from '../tape/tape.ts'
import type { ReindexProgress, StoreCheck } from '../types.ts'
import { checkTape, type LinePlace } from './check-tape.ts'
import { Problems } from './problems.ts'

export interface CheckedParts {
  readonly layout: Layout
  readonly tape: Tape
  readonly packs: PackSet
  readonly blobs: BlobStore
}

/**
 * Checks everything that the store vouches for: each frame's crc, the chain of groups, their digests, each reference's
 * commitment, and each payload against its digest. Reports, never throws for what it finds; changes nothing.
 */
export async function checkStoreFiles(parts: CheckedParts, onProgress?: (progress: ReindexProgress) => void): Promise<StoreCheck> {
  const problems = new Problems()
  const payloads = new PayloadCheck(parts.blobs, problems)
  const groups = parts.tape.head().group + 1
  const tape = await checkTape(
    parts.layout,
    parts.tape,
    problems,
    (text, place) => payloads.checkLine(text, place),
    (group, records) => onProgress?.({ group: group + 1, groups, records }),
  )
  const blobs = await checkPacks(parts, problems, payloads)
  return { schema: 'reprise.store-check/1', ...tape, blobs, problems: problems.list, problemCount: problems.count }
}

/** Payloads against their digests, each read once. */
class PayloadCheck {
  readonly #blobs: BlobStore
  readonly #problems: Problems
  /** Size of each payload that was read; undefined where that failed. */
  readonly #read = new Map<Digest, number | undefined>()

  constructor(blobs: BlobStore, problems: Problems) {
    this.#blobs = blobs
    this.#problems = problems
  }

  checkLine(text: string, place: LinePlace): void {
    const invalid = (message: string): void =>
      this.#problems.add({ code: 'record_invalid', ...place, message: `group ${place.group}, line ${place.line}: ${message}` })
    let record: unknown
    try {
      record = JSON.parse(text)
    } catch {
      return invalid('not JSON')
    }
    if (!isSpanRecord(record)) return
    if (!Array.isArray(record.refs) || !Array.isArray(record.core.payloads)) return invalid('refs and core.payloads: expected arrays')
    this.#checkRefs(record, place)
  }

  #checkRefs({ core, refs }: SpanRecord, place: LinePlace): void {
    for (const { role, digest, salt } of refs) {
      const where = { ...place, digest }
      const payload = core.payloads.find((candidate) => candidate.role === role)
      if (payload === undefined || !isDigest(digest) || !/^[0-9a-f]{64}$/.test(salt) || payload.commitment !== commitmentOf(salt, digest)) {
        this.#problems.add({
          code: 'commitment',
          ...where,
          message: `group ${place.group}, line ${place.line}: ${role} refers to ${digest}, to which its core is not committed`,
        })
        continue
      }
      const sizeBytes = this.check(digest, place.file)
      if (sizeBytes !== undefined && sizeBytes !== payload.sizeBytes) {
        const message = `group ${place.group}, line ${place.line}: ${role} has ${sizeBytes} bytes, its core says ${payload.sizeBytes}`
        this.#problems.add({ code: 'record_invalid', ...where, message })
      }
    }
  }

  /** The size of a sound payload. `file` says where it is needed or stands. */
  check(digest: Digest, file: string): number | undefined {
    if (this.#read.has(digest)) return this.#read.get(digest)
    let sizeBytes: number | undefined
    try {
      sizeBytes = this.#blobs.read(digest).length
    } catch (error) {
      if (!RepriseError.isInstance(error)) throw error
      const code = error.code === 'artifact_missing' ? 'artifact_missing' : 'artifact_damaged'
      this.#problems.add({ code, file, digest, message: error.message })
    }
    this.#read.set(digest, sizeBytes)
    return sizeBytes
  }
}

async function checkPacks({ layout, packs, blobs }: CheckedParts, problems: Problems, payloads: PayloadCheck): Promise<number> {
  let count = 0
  for (const pack of packs.packs()) {
    const file = relative(layout.dir, packs.packFile(pack))
    const places = new Map<Digest, BlobPlace>()
    const damage: ScannedDamage[] = []
    packs.file(pack).scan(0, places, damage)
    for (const { offset, end } of damage)
      problems.add({ code: 'pack_damaged', file, offset, message: `${end - offset} bytes at ${offset} are no frames` })
    const index = PackIndex.read(packs.indexFile(pack), packs.file(pack).sizeBytes())
    if (index !== undefined && (index.count !== places.size || [...index.digests()].some((digest) => !places.has(digest)))) {
      problems.add({
        code: 'pack_index',
        file: relative(layout.dir, packs.indexFile(pack)),
        message: 'it does not list the blobs of its pack',
      })
    }
    for (const digest of places.keys()) {
      // In the writing process: not acknowledged yet.
      if (!blobs.has(digest)) continue
      payloads.check(digest, file)
      if (++count % 64 === 0) await nextTurn()
    }
  }
  return count
}

import { readFileSync, rmSync, statSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, isDigest, parseJson, RepriseError, STORE_PLACES } from '../../schemas/index.ts'
import { type BlobStore, looseFile } from '../blobs/blob-store.ts'
import type { PackSet } from '../blobs/pack-set.ts'
import { namesIn, replaceFile, syncFolder, systemCodeOf } from '../files/durable.ts'
import type { Layout } from '../files/layout.ts'
import type { SealJob } from '../seal/seal-job.ts'
import type { FileOutcome } from '../seal/seal-segment.ts'
import type { Tape } from '../tape/tape.ts'
import type { TapeHead } from '../types.ts'
import { planErasure, widened } from './plan.ts'
import type { EraseSelection } from './select-refs.ts'
import { wipeLater } from './wipe.ts'

/** What an erasure did. It names nothing that could be guessed from: no digest, no salt, no content. */
export interface ErasureReceipt {
  readonly schema: 'reprise.erasure/1'
  readonly runId?: string
  /** References (digest and salt) taken out, and the records that had them. */
  readonly references: number
  readonly records: number
  /** Payloads that are no more, and those that stay because other records refer to them. */
  readonly payloads: number
  readonly keptPayloads: number
  /** Files whose old bytes could not be overwritten, since another name leads to them: hard-linked backups. */
  readonly linkedCopies: number
  /**
   * Files in the spool beside the store: steps that programs could not send, which are not in the store yet and were not
   * searched. Once a collector has taken them in, the same erasure reaches them.
   */
  readonly spoolFiles: number
  /** The end of the tape, which an erasure does not change. */
  readonly head: TapeHead
}

/** What an erasure would do. */
export type ErasurePreview = Pick<ErasureReceipt, 'references' | 'records' | 'payloads' | 'keptPayloads' | 'spoolFiles' | 'head'> & {
  readonly schema: 'reprise.erasure-preview/1'
}

/** The decision, kept on the disk until it has been carried out. */
interface Intent extends EraseSelection {
  readonly payloads: number
  readonly keptPayloads: number
  readonly segments: readonly number[]
  readonly blobs: readonly Digest[]
}

export interface EraseParts {
  readonly layout: Layout
  readonly tape: Tape
  readonly packs: PackSet
  readonly blobs: BlobStore
  /** Closes what is being written, so that all of it can be written anew. */
  readonly closeLive: () => Promise<void>
  readonly perform: (job: SealJob) => Promise<FileOutcome>
}

/**
 * Erases payloads: references from the tape, bytes from the packs, and leftovers in `cut/`. Killed at any moment it is carried
 * on when the store is next opened for writing. Nothing may be appended meanwhile. The index has to be made anew after it.
 */
export async function erasePayloads(parts: EraseParts, selection: EraseSelection): Promise<ErasureReceipt> {
  checkSelection(selection)
  const { tape, layout } = parts
  const wide = await widened(tape, selection)
  const { segments, payloads, keptPayloads, blobs } = await planErasure(tape, parts.blobs, wide)
  const intent: Intent = { ...wide, payloads: payloads.length - keptPayloads, keptPayloads, segments, blobs }
  replaceFile(layout.erasing, `${JSON.stringify(intent)}\n`)
  return await carryOut(parts, intent)
}

/** Looks at what an erasure would do, and changes nothing. */
export async function previewErasure(
  { layout, tape, blobs }: Pick<EraseParts, 'layout' | 'tape' | 'blobs'>,
  selection: EraseSelection,
): Promise<ErasurePreview> {
  checkSelection(selection)
  const { references, records, payloads, keptPayloads } = await planErasure(tape, blobs, await widened(tape, selection))
  return {
    schema: 'reprise.erasure-preview/1',
    references,
    records,
    payloads: payloads.length - keptPayloads,
    keptPayloads,
    spoolFiles: spoolFilesOf(layout),
    head: tape.head(),
  }
}

/** Carries on what a crash cut short; undefined when there is nothing. */
export async function resumeErasure(parts: EraseParts): Promise<ErasureReceipt | undefined> {
  let text: string
  try {
    text = readFileSync(parts.layout.erasing, 'utf8')
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined
    throw error
  }
  return await carryOut(parts, parseJson(text) as Intent)
}

function checkSelection({ runId, digests }: EraseSelection): void {
  if (runId === undefined && digests === undefined) throw new RepriseError('invalid_argument', 'erase: expected a run, digests, or both')
  for (const digest of digests ?? [])
    if (!isDigest(digest)) throw new RepriseError('invalid_argument', 'erase: expected digests of sha256: and 64 lowercase hex digits')
}

async function carryOut(parts: EraseParts, intent: Intent): Promise<ErasureReceipt> {
  const { layout, tape, packs, perform } = parts
  const { runId, digests } = intent
  const selection: EraseSelection = { ...(runId !== undefined && { runId }), ...(digests !== undefined && { digests }) }
  await parts.closeLive()
  let references = 0
  let records = 0
  let linkedCopies = 0
  const firsts = tape.segments()
  for (const first of intent.segments) {
    const endGroup = firsts.find((next) => next > first) ?? tape.head().group + 1
    const path = tape.segmentFile(first)
    tape.forget(first)
    const done = await perform({ type: 'erase-refs', path, number: first, endGroup, selection })
    if (done.type !== 'refs-erased') continue
    references += done.refs
    records += done.lines
    if (!done.wiped) linkedCopies++
    tape.forget(first)
  }
  for (const pack of packs.packs()) {
    const done = await perform({
      type: 'erase-blobs',
      path: packs.packFile(pack),
      number: pack,
      indexPath: packs.indexFile(pack),
      digests: intent.blobs,
    })
    if (done.type !== 'blobs-erased' || done.blobs === 0) continue
    if (!done.wiped) linkedCopies++
    packs.reload(pack)
  }
  for (const digest of intent.blobs) if (!removeLoose(layout, digest)) linkedCopies++
  // Bytes that were never acknowledged, of any payload.
  rmSync(layout.cut, { recursive: true, force: true })
  const wipe = wipeLater(layout.erasing)
  unlinkSync(layout.erasing)
  syncFolder(layout.dir)
  wipe()
  return {
    schema: 'reprise.erasure/1',
    ...(runId !== undefined && { runId }),
    references,
    records,
    payloads: intent.payloads,
    keptPayloads: intent.keptPayloads,
    linkedCopies,
    spoolFiles: spoolFilesOf(layout),
    head: tape.head(),
  }
}

function spoolFilesOf({ dir }: Layout): number {
  return namesIn(join(dir, STORE_PLACES.spool)).filter((name) => SPOOL_FILE.test(name)).length
}

/** In any state: ready, being sent, being written, put aside. */
const SPOOL_FILE = /\.(?:spool|claimed|tmp|bad)$/

/** False where the bytes stay under another name. */
function removeLoose(layout: Layout, digest: Digest): boolean {
  const path = looseFile(layout, digest)
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return true
  const wipe = wipeLater(path)
  unlinkSync(path)
  return wipe()
}

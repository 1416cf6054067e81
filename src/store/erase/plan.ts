import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Digest } from '../../schemas/index.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import type { Tape } from '../tape/tape.ts'
import { type EraseSelection, RefSelector } from './select-refs.ts'

const DIGESTS_AT_ONCE = 256

export interface ErasePlan {
  readonly segments: readonly number[]
  /** References that go, and the records that have them. */
  readonly references: number
  readonly records: number
  /** Digests of the payloads whose references go. */
  readonly payloads: readonly Digest[]
  /** Of those, how many stay since other records refer to them. */
  readonly keptPayloads: number
  /** Blobs that nothing refers to afterwards: payloads, and parts of manifests. */
  readonly blobs: readonly Digest[]
}

/** Finds what an erasure concerns, by walking the whole tape. */
export async function planErasure(tape: Tape, blobs: BlobStore, selection: EraseSelection): Promise<ErasePlan> {
  const selector = new RefSelector(selection)
  const segments = new Set<number>()
  const payloads = new Set<Digest>()
  const others = new Set<Digest>()
  const firsts = tape.segments()
  let references = 0
  let records = 0
  for await (const { group, lines } of tape.readGroups(0)) {
    for (const line of lines) {
      const parted = selector.part(line)
      for (const { digest } of parted.others) others.add(digest)
      for (const { digest } of parted.selected) payloads.add(digest)
      references += parted.selected.length
      if (parted.selected.length > 0) records++
      if (parted.selected.length > 0) segments.add(firsts.findLast((first) => first <= group) ?? 0)
    }
  }
  const gone = [...payloads].filter((digest) => !others.has(digest))
  const candidates = await collectAll(blobs, gone)
  const needed = await collectAll(blobs, others)
  return {
    segments: [...segments].sort((left, right) => left - right),
    references,
    records,
    payloads: [...payloads],
    keptPayloads: payloads.size - gone.length,
    blobs: [...candidates].filter((digest) => !needed.has(digest)),
  }
}

/** The same selection by digests alone, where it reaches beyond its run. */
export async function widened(tape: Tape, { runId, digests, everywhere }: EraseSelection): Promise<EraseSelection> {
  if (everywhere !== true || runId === undefined)
    return { ...(runId !== undefined && { runId }), ...(digests !== undefined && { digests }) }
  const selector = new RefSelector({ runId, ...(digests !== undefined && { digests }) })
  const found = new Set<Digest>()
  for await (const { lines } of tape.readGroups(0))
    for (const line of lines) for (const { digest } of selector.part(line).selected) found.add(digest)
  return { digests: [...found] }
}

/** Others have their turn now and then: a collector may be serving meanwhile. */
async function collectAll(blobs: BlobStore, digests: Iterable<Digest>): Promise<ReadonlySet<Digest>> {
  const found = new Set<Digest>()
  let since = 0
  for (const digest of digests) {
    collect(blobs, digest, found)
    if (++since % DIGESTS_AT_ONCE === 0) await nextTurn()
  }
  return found
}

/** A payload and all the parts that it is put together from. */
function collect(blobs: BlobStore, digest: Digest, into: Set<Digest>): void {
  if (into.has(digest)) return
  into.add(digest)
  for (const part of blobs.partsOf(digest)) collect(blobs, part, into)
}

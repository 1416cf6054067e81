import { canonicalJson, type Digest, digestOf, parseJson, type RecordedStep, type RecordingManifest } from '../../schemas/index.ts'

/** Names within a recording directory. Nothing else in it is ever read, and blob names come from digests alone. */
export const MANIFEST_FILE = 'recording.json'
export const STEPS_FILE = 'steps.jsonl'
export const BLOBS_FOLDER = 'blobs'

const MIB = 1024 * 1024

/** Bounds on a recording, which may come from a stranger. */
export const MANIFEST_MAX_BYTES: number = 128 * MIB
export const STEPS_MAX_BYTES: number = 400 * MIB
export const LINE_MAX_BYTES: number = 16 * MIB
export const BLOB_MAX_BYTES: number = 1024 * MIB
/** Payloads up to this sum stay in memory after they were verified; beyond it they are read, and verified, again. */
export const HELD_MAX_BYTES: number = 256 * MIB
const MAX_STEPS = 1_000_000
const MAX_BLOBS = 2_000_000
/** Over all steps: ranges are cheap to write and dear to hold. */
const MAX_DELIVERIES = 20_000_000

/** Why a recording is too big to be read, and so too big to be written; `undefined` when it is not. */
export function excessOf({ steps, blobs }: Pick<RecordingManifest, 'steps' | 'blobs'>): string | undefined {
  if (steps.count > MAX_STEPS) return `${steps.count} steps, at most ${MAX_STEPS}`
  if (steps.sizeBytes > STEPS_MAX_BYTES) return `${STEPS_FILE} of ${steps.sizeBytes} bytes, at most ${STEPS_MAX_BYTES}`
  if (blobs.length > MAX_BLOBS) return `${blobs.length} artifacts, at most ${MAX_BLOBS}`
  const big = blobs.find(({ sizeBytes }) => sizeBytes > BLOB_MAX_BYTES)
  return big === undefined ? undefined : `artifact ${big.digest} of ${big.sizeBytes} bytes, at most ${BLOB_MAX_BYTES}`
}

export function excessOfDeliveries(steps: readonly Pick<RecordedStep, 'core'>[]): string | undefined {
  let total = 0
  for (const { core } of steps) {
    for (const [index, value] of (core.deliveries ?? []).entries()) if (index % 2 === 1) total += value
  }
  return total > MAX_DELIVERIES ? `${total} deliveries, at most ${MAX_DELIVERIES}` : undefined
}

export function blobFile(digest: Digest): string {
  return `${BLOBS_FOLDER}/${digest.slice('sha256:'.length)}`
}

export function stepsText(steps: readonly RecordedStep[]): string {
  return steps.map((step) => `${canonicalJson(step)}\n`).join('')
}

export function manifestDigest(manifest: Omit<RecordingManifest, 'digest'> & { digest?: unknown }): Digest {
  const { digest: _own, ...covered } = manifest
  return digestOf(canonicalText(covered))
}

/** Canonical member order, indented for reviewers: one text for one manifest, so that any changed byte shows. */
export function manifestText(manifest: RecordingManifest): string {
  return `${JSON.stringify(hasSortedMembers(manifest) ? manifest : parseJson(canonicalJson(manifest)), null, 2)}\n`
}

/** The canonical JSON of JSON data: what JSON.stringify writes, where all members stand in order and no surrogate stands alone. */
function canonicalText(value: object): string {
  const text = hasSortedMembers(value) ? JSON.stringify(value) : undefined
  return text === undefined || text.includes('\\ud') ? canonicalJson(value) : text
}

function hasSortedMembers(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (Array.isArray(value)) return value.every(hasSortedMembers)
  let before: string | undefined
  // Of data that came as JSON: its members are its own. A pair for each would be a pair for each of its artifacts.
  for (const key in value) {
    if ((before !== undefined && before >= key) || !hasSortedMembers((value as Record<string, unknown>)[key])) return false
    before = key
  }
  return true
}

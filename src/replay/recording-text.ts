import { canonicalJson, digestOf, type Digest, type RecordedStep, type RecordingManifest } from '../schemas/index.ts'

/** Names within a recording directory. Nothing else in it is ever read, and blob names come from digests alone. */
export const MANIFEST_FILE = 'recording.json'
export const STEPS_FILE = 'steps.jsonl'
export const BLOBS_FOLDER = 'blobs'

/** Bounds on a recording, which may come from a stranger. */
export const RECORDING_LIMITS = {
  manifestBytes: 128 * 1024 * 1024,
  stepsBytes: 400 * 1024 * 1024,
  lineBytes: 16 * 1024 * 1024,
  steps: 1_000_000,
  blobs: 2_000_000,
  blobBytes: 1024 * 1024 * 1024,
  /** Payloads up to this sum stay in memory after they were verified; beyond it they are read, and verified, again. */
  memoryBytes: 256 * 1024 * 1024,
} as const

export function blobFile(digest: Digest): string {
  return `${BLOBS_FOLDER}/${digest.slice('sha256:'.length)}`
}

export function stepsText(steps: readonly RecordedStep[]): string {
  return steps.map((step) => `${canonicalJson(step)}\n`).join('')
}

export function manifestDigest(manifest: Omit<RecordingManifest, 'digest'> & { digest?: unknown }): Digest {
  const { digest: _own, ...covered } = manifest
  return digestOf(canonicalJson(covered))
}

/** Canonical member order, indented for reviewers: one text for one manifest, so that any changed byte shows. */
export function manifestText(manifest: RecordingManifest): string {
  return `${JSON.stringify(JSON.parse(canonicalJson(manifest)), null, 2)}\n`
}

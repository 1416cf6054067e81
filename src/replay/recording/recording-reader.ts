import { resolve } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  canonicalJson,
  type Digest,
  digestOf,
  parseJson,
  type RecordedStep,
  type RecordingManifest,
  RepriseError,
  type SpanRecord,
} from '../../schemas/index.ts'
import type { QuickCheck } from '../../schemas/records/quick-check.ts'
import { PART_BLOBS } from './ahead-order.ts'
import { type BlobsAhead, startBlobsAhead } from './blobs-ahead.ts'
import { ignoredFieldsOf } from './ignored-fields.ts'
import { deriveLineage, type LineageNode, requestDigestOf } from './lineage.ts'
import { describeRecord, exportCommand } from './pending.ts'
import { quickCheckFor } from './quick-checks.ts'
import { readBounded, readExactly } from './read-bounded.ts'
import { type RecordedPolicy, readRecordedPolicy } from './recorded-policy.ts'
import { type PayloadSource, payloadOf, Recording } from './recording.ts'
import {
  blobFile,
  excessOf,
  excessOfDeliveries,
  HELD_MAX_BYTES,
  LINE_MAX_BYTES,
  MANIFEST_FILE,
  MANIFEST_MAX_BYTES,
  manifestDigest,
  manifestText,
  STEPS_FILE,
} from './recording-text.ts'

/** After this many lines the event loop gets a turn. */
const SLICE = 256

/**
 * Reads a recording directory and verifies every byte of it before anything is used. The directory may come from a
 * stranger: sizes and counts are bounded, file names come from digests alone, links are not followed.
 *
 * @throws RepriseError `invalid_argument` when there is none; `integrity` naming digest and file; `artifact_missing` naming digest and
 *   step; `recording_version`; `invalid_recording`
 */
export async function loadRecording(folder: string): Promise<Recording> {
  const home = resolve(folder)
  const manifest = await readManifest(home)
  const { steps, payloads } = await readContent(home, manifest)
  const policy = await readRecordedPolicy(manifest.policy, (digest) =>
    manifest.blobs.some((blob) => blob.digest === digest) ? payloads.read(digest) : undefined,
  )
  const nodes = verifyLineage(manifest, steps, payloads, policy)
  const recording = new Recording(home, manifest, steps, nodes, policy, payloads)
  const { core } = recording.root.record
  const agrees =
    core.runId === manifest.runId && core.stepName === manifest.name && core.kind === manifest.kind && core.seed === manifest.seed
  if (!agrees) throw new RepriseError('invalid_recording', `${MANIFEST_FILE} does not agree with the root step on run, name, kind or seed`)
  return recording
}

async function readContent(home: string, manifest: RecordingManifest): Promise<{ steps: RecordedStep[]; payloads: PayloadSource }> {
  const ahead = startBlobsAhead(home, manifest)
  try {
    const steps = await readSteps(home, manifest)
    return { steps, payloads: await readBlobs(home, manifest, steps, ahead) }
  } finally {
    await ahead?.close()
  }
}

async function readManifest(home: string): Promise<RecordingManifest> {
  const bytes = readBounded(home, MANIFEST_FILE, MANIFEST_MAX_BYTES)
  if (bytes === undefined) throw new RepriseError('invalid_argument', `${home} holds no recording (no ${MANIFEST_FILE})`)
  const text = bytes.toString('utf8')
  let value: unknown
  try {
    value = parseJson(text)
  } catch (cause) {
    const message = `${MANIFEST_FILE} was changed: it is not JSON any more`
    throw new RepriseError('integrity', message, { cause, details: { file: MANIFEST_FILE } })
  }
  checkVersion(value)
  const manifest = await asManifest(value)
  const found = manifestDigest(manifest)
  if (found !== manifest.digest) throw changed(MANIFEST_FILE, manifest.digest, found)
  // Covers the bytes that JSON ignores too: spaces, member order, escapes.
  if (text !== manifestText(manifest)) throw changed(MANIFEST_FILE, manifest.digest, 'the same value in other bytes')
  const excess = excessOf(manifest)
  if (excess !== undefined) throw new RepriseError('invalid_recording', `the recording is over its bounds: ${excess}`)
  return manifest
}

/** They load zod, and are for those who are told what is wrong. */
const validators = () => import('../../schemas/records/index.ts')

async function asManifest(value: unknown): Promise<RecordingManifest> {
  if (quickCheckFor('recording')(value)) return value as RecordingManifest
  const { recordingSchema } = await validators()
  const parsed = recordingSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new RepriseError('integrity', `${MANIFEST_FILE} was changed: /${issue?.path.join('/') ?? ''}: ${issue?.message ?? 'invalid'}`, {
    details: { file: MANIFEST_FILE },
  })
}

/** A version that we do not know is said as such only if the file is whole; a damaged version field is damage. */
function checkVersion(value: unknown): void {
  if (typeof value !== 'object' || value === null || !('schema' in value) || typeof value.schema !== 'string') return
  const version = /^reprise\.recording\/([1-9][0-9]{0,5})$/.exec(value.schema)?.[1]
  if (version === undefined || version === '1') return
  const { digest, ...covered } = value as Record<string, unknown>
  const found = digestOf(canonicalJson(covered))
  if (typeof digest === 'string' && found !== digest) throw changed(MANIFEST_FILE, digest, found)
  throw new RepriseError('recording_version', `the recording has version ${version}; this release reads version 1: use a newer reprise`)
}

async function readSteps(home: string, manifest: RecordingManifest): Promise<RecordedStep[]> {
  const { file, sizeBytes, digest, count } = manifest.steps
  const bytes = readBounded(home, STEPS_FILE, sizeBytes)
  if (bytes === undefined) throw new RepriseError('integrity', `${file} is missing (${digest})`, { details: { digest, file } })
  const found = digestOf(bytes)
  if (found !== digest) throw changed(file, digest, found)
  const steps: RecordedStep[] = []
  const isStep = quickCheckFor('recorded-step')
  let start = 0
  while (start < bytes.length) {
    const end = bytes.indexOf(0x0a, start)
    const number = steps.length + 1
    if (end === -1) throw new RepriseError('invalid_recording', `${file} line ${number}: expected a line feed at the end`)
    if (end - start > LINE_MAX_BYTES) {
      const message = `${file} line ${number}: ${end - start} bytes, at most ${LINE_MAX_BYTES} are read`
      throw new RepriseError('invalid_recording', message)
    }
    if (number > count) break
    const value = parseLine(bytes.toString('utf8', start, end), file, number)
    steps.push(isWhole(value, isStep) ? (value as RecordedStep) : await validStep(value, `${file} line ${number}`))
    start = end + 1
    if (number % SLICE === 0) await nextTurn()
  }
  if (steps.length !== count || start < bytes.length) {
    throw new RepriseError('invalid_recording', `${file}: expected ${count} lines as ${MANIFEST_FILE} says`)
  }
  const excess = excessOfDeliveries(steps)
  if (excess !== undefined) throw new RepriseError('invalid_recording', `the recording is over its bounds: ${excess}`)
  return steps
}

function parseLine(line: string, file: string, number: number): unknown {
  try {
    return parseJson(line)
  } catch (cause) {
    throw new RepriseError('invalid_recording', `${file} line ${number}: expected one JSON object`, { cause })
  }
}

function isWhole(value: unknown, isStep: QuickCheck): boolean {
  try {
    return isStep(value)
  } catch {
    // Attributes nest as deep as their sender likes, and there is one stack: for the validator to say.
    return false
  }
}

async function validStep(value: unknown, where: string): Promise<RecordedStep> {
  const { recordedStepSchema } = await validators()
  let parsed: ReturnType<typeof recordedStepSchema.safeParse>
  try {
    parsed = recordedStepSchema.safeParse(value)
  } catch (cause) {
    throw new RepriseError('invalid_recording', `${where}: nested too deep`, { cause })
  }
  // What was read, not the validator's copy of it: the copy has no attribute that is called `__proto__`.
  if (parsed.success) return value as RecordedStep
  const issue = parsed.error.issues[0]
  throw new RepriseError('invalid_recording', `${where}: /${issue?.path.join('/') ?? ''}: ${issue?.message ?? 'invalid'}`)
}

async function readBlobs(
  home: string,
  manifest: RecordingManifest,
  steps: readonly RecordedStep[],
  ahead: BlobsAhead | undefined,
): Promise<PayloadSource> {
  const sizes = new Map(manifest.blobs.map(({ digest, sizeBytes }) => [digest, sizeBytes]))
  const held = new Map<Digest, Uint8Array>()
  let heldBytes = 0
  for (const step of steps) {
    const unlisted = step.refs.find(({ digest }) => !sizes.has(digest))
    if (unlisted === undefined) continue
    const message = `${describeRecord(step)} refers to ${unlisted.digest}, which ${MANIFEST_FILE} does not list`
    throw new RepriseError('invalid_recording', message)
  }
  for (let first = 0; first < manifest.blobs.length; first += PART_BLOBS) {
    const known = await ahead?.take(first / PART_BLOBS)
    for (const [index, { digest, sizeBytes }] of manifest.blobs.slice(first, first + PART_BLOBS).entries()) {
      const neededBy = () => steps.find(({ refs }) => refs.some((ref) => ref.digest === digest))
      const bytes = known?.[index] ?? readBlob(home, manifest, digest, sizeBytes, neededBy)
      if (heldBytes + sizeBytes > HELD_MAX_BYTES) continue
      held.set(digest, bytes)
      heldBytes += sizeBytes
    }
    await nextTurn()
  }
  return {
    held: (digest) => held.get(digest),
    read(digest) {
      const bytes = held.get(digest)
      if (bytes !== undefined) return bytes
      const sizeBytes = sizes.get(digest)
      if (sizeBytes === undefined) {
        throw new RepriseError('artifact_missing', `the recording holds no artifact ${digest}`, { details: { digest } })
      }
      return readBlob(home, manifest, digest, sizeBytes, () => undefined)
    },
  }
}

function readBlob(
  home: string,
  { runId }: RecordingManifest,
  digest: Digest,
  sizeBytes: number,
  neededBy: () => RecordedStep | undefined,
): Uint8Array {
  const file = blobFile(digest)
  const bytes = readExactly(home, file, sizeBytes) ?? readBounded(home, file, sizeBytes)
  if (bytes === undefined) {
    const step = neededBy()
    const needed = step === undefined ? '' : `, needed by ${describeRecord(step)}`
    const message = `${digest} is missing: no file ${file}${needed}; where the run still is, get it by: ${exportCommand(runId, home)}`
    throw new RepriseError('artifact_missing', message, { details: { digest, file, spanId: step?.core.spanId, step: step?.core.stepName } })
  }
  const found = digestOf(bytes)
  if (found !== digest) throw changed(file, digest, found)
  return bytes
}

/** Lineage follows from the steps; a recording whose lineage does not would pair its steps wrongly. */
function verifyLineage(
  manifest: RecordingManifest,
  steps: readonly RecordedStep[],
  payloads: PayloadSource,
  { hasSurrogates }: RecordedPolicy,
): LineageNode[] {
  const digests = new Map<string, string>()
  const nodes = deriveLineage(steps, manifest.rootSpanId, (record) => {
    const payload = payloadOf(record, 'input', payloads)
    if (payload.state !== 'present') return requestDigestOf(undefined, hasSurrogates)
    const key = `${payload.digest}:${payload.mediaType}:${ignoredFieldsOf(record.core).join(' ')}`
    const digest = digests.get(key) ?? readRequestDigest(record, payload, hasSurrogates)
    digests.set(key, digest)
    return digest
  })
  for (const [index, node] of nodes.entries()) {
    const step = steps[index]
    const { core } = node.record
    if (core.fidelity === 'replayable' && core.policy.digest !== manifest.policy.digest) {
      const message = `${STEPS_FILE} line ${index + 1}: redacted under policy ${core.policy.digest}, the recording under ${manifest.policy.digest}`
      throw new RepriseError('invalid_recording', message)
    }
    if (step === undefined || (step.lineage === node.lineage && step.occurrence === node.occurrence)) continue
    const message = `${STEPS_FILE} line ${index + 1}: the lineage ${step.lineage} does not follow from the step; expected ${node.lineage}`
    throw new RepriseError('invalid_recording', message)
  }
  return nodes
}

function readRequestDigest(record: SpanRecord, payload: { mediaType: string; data: string | Uint8Array }, hasSurrogates: boolean): string {
  try {
    return requestDigestOf(payload, hasSurrogates, ignoredFieldsOf(record.core))
  } catch (cause) {
    const why = RepriseError.isInstance(cause) ? cause.message : 'it could not be read'
    throw new RepriseError('invalid_recording', `${describeRecord(record)}: its input: ${why}`, { cause })
  }
}
function changed(file: string, expected: string, found: string): RepriseError {
  const details = { file, digest: expected, found }
  return new RepriseError('integrity', `${file} was changed: expected ${expected}, found ${found}`, { details })
}

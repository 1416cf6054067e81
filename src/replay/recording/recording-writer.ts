import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type Digest, digestOf, type RecordingManifest, RepriseError, type SpanRecord } from '../../schemas/index.ts'
import type { Store } from '../../store/index.ts'
import { ignoredFieldsOf } from './ignored-fields.ts'
import { deriveLineage, type LineageNode, requestDigestOf, toRecordedStep } from './lineage.ts'
import { packageVersion } from './package-version.ts'
import { describeRecord, isPending } from './pending.ts'
import { POLICY_MEDIA_TYPE, readRecordedPolicy } from './recorded-policy.ts'
import { type PayloadSource, payloadOf } from './recording.ts'
import {
  BLOBS_FOLDER,
  blobFile,
  excessOf,
  excessOfDeliveries,
  MANIFEST_FILE,
  manifestDigest,
  manifestText,
  STEPS_FILE,
  stepsText,
} from './recording-text.ts'
import { readRunRecords } from './run-records.ts'

/** Of a name that may itself be as long as names can be, 255 bytes, for a name beside it. */
const NAME_PART = 50

export interface ExportOptions {
  /** Replace the recording that is there. Anything else that is there is never replaced. */
  readonly force?: boolean
  /** Told of each step that had begun and not ended: what it gives is pending, and the recording holds nothing of it. */
  readonly onPending?: (step: string) => void
}

/**
 * Writes a run of the store as a recording directory. The same run gives the same bytes.
 *
 * @throws RepriseError `no_such_run`; `invalid_argument` for a run that cannot be replayed or a directory that may not be replaced;
 *   `artifact_missing` naming digest and step
 */
export async function exportRecording(
  store: Store,
  runId: string,
  outDir: string,
  options: ExportOptions = {},
): Promise<RecordingManifest> {
  const { records, rootSpanId } = await readRunRecords(store, runId)
  return await writeRecording(records, rootSpanId, sourceOf(store), outDir, options)
}

/**
 * The part of an export that needs no store: records in call order in, directory out. Whole or not there: it is written
 * beside its place and renamed. Not synced to the disk file by file, since a load verifies every byte and an export can be made again.
 */
export async function writeRecording(
  records: readonly SpanRecord[],
  rootSpanId: string,
  payloads: PayloadSource,
  outDir: string,
  options: ExportOptions = {},
): Promise<RecordingManifest> {
  const target = resolve(outDir)
  const replaces = await checkTarget(target, options.force === true)
  const policyOfRoot = records.find(({ core }) => core.spanId === rootSpanId)?.core.policy
  const policy = policyOfRoot === undefined ? undefined : await readRecordedPolicy(policyOfRoot, (digest) => payloads.readPolicy?.(digest))
  const nodes = deriveLineage(records, rootSpanId, (record) => requestDigestOfRecord(record, payloads, policy?.hasSurrogates === true))
  const root = nodes.find((node) => node.record.core.spanId === rootSpanId)
  if (root === undefined) throw new RepriseError('invalid_argument', 'the run has no root step')
  checkOnePolicy(nodes, root)
  const temporary = join(dirname(target), `.${basename(target).slice(0, NAME_PART)}.${randomBytes(6).toString('hex')}.tmp`)
  const modes = await modesUnder(dirname(target))
  await mkdir(join(temporary, BLOBS_FOLDER), { recursive: true, mode: modes.folder })
  try {
    const blobs = await writeBlobs(temporary, modes.file, records, payloads, policy?.data === undefined ? undefined : policy.ref.digest)
    const text = stepsText(nodes.map(toRecordedStep))
    await writeFile(join(temporary, STEPS_FILE), text, { flag: 'wx', mode: modes.file })
    const manifest = manifestOf(root, nodes, text, blobs)
    const excess = excessOf(manifest) ?? excessOfDeliveries(records)
    if (excess !== undefined) throw new RepriseError('limit_exceeded', `the run is too big for a recording: ${excess}`)
    await writeFile(join(temporary, MANIFEST_FILE), manifestText(manifest), { flag: 'wx', mode: modes.file })
    await moveIntoPlace(temporary, target, replaces)
    for (const record of records) if (isPending(record)) options.onPending?.(describeRecord(record))
    return manifest
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  }
}

/** What is put where nobody else may look, as in a store, is for nobody else either. What is to be committed has the modes of any file. */
async function modesUnder(folder: string): Promise<{ readonly folder: number; readonly file: number }> {
  for (let above = folder; ; above = dirname(above)) {
    try {
      return ((await stat(above)).mode & 0o077) === 0 ? { folder: 0o700, file: 0o600 } : { folder: 0o777, file: 0o666 }
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || dirname(above) === above) throw error
    }
  }
}

function sourceOf(store: Store): PayloadSource {
  return { read: (digest) => store.blobs.read(digest), readPolicy: (digest) => store.readPolicy(digest) }
}

function requestDigestOfRecord(record: SpanRecord, payloads: PayloadSource, hasSurrogates: boolean): string {
  const payload = naming(record, () => payloadOf(record, 'input', payloads))
  return requestDigestOf(payload.state === 'present' ? payload : undefined, hasSurrogates, ignoredFieldsOf(record.core))
}

/** Says which step needed a payload that could not be read. */
function naming<T>(record: SpanRecord, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!RepriseError.isInstance(error)) throw error
    const message = `${error.message}: it is needed by ${describeRecord(record)}; reprise verify tells what else the store has lost`
    throw new RepriseError(error.code, message, { cause: error })
  }
}

/** Matching redacts live requests under one policy, so a recording cannot mix two. */
function checkOnePolicy(nodes: readonly LineageNode[], root: LineageNode): void {
  const { policy } = root.record.core
  for (const { record } of nodes) {
    if (record.core.fidelity !== 'replayable' || record.core.policy.digest === policy.digest) continue
    const { stepName, sequence, policy: other } = record.core
    const message = `step ${sequence ?? '?'} (${stepName}) was redacted under policy ${other.id}/${other.version}, the run's root`
    throw new RepriseError('invalid_argument', `${message} under ${policy.id}/${policy.version}`)
  }
}

function manifestOf(root: LineageNode, nodes: readonly LineageNode[], text: string, blobs: RecordingManifest['blobs']): RecordingManifest {
  const { core } = root.record
  const unsigned = {
    schema: 'reprise.recording/1' as const,
    runId: core.runId,
    rootSpanId: core.spanId,
    name: core.stepName,
    kind: core.kind,
    writtenBy: { name: 'reprise' as const, version: packageVersion() },
    policy: core.policy,
    ...(core.seed === undefined ? {} : { seed: core.seed }),
    steps: { file: STEPS_FILE as 'steps.jsonl', count: nodes.length, sizeBytes: Buffer.byteLength(text), digest: digestOf(text) },
    blobs,
  }
  return { ...unsigned, digest: manifestDigest(unsigned) }
}

async function writeBlobs(
  folder: string,
  mode: number,
  records: readonly SpanRecord[],
  payloads: PayloadSource,
  policy: Digest | undefined,
): Promise<RecordingManifest['blobs']> {
  const mediaTypes = new Map<Digest, { mediaType: string; record: SpanRecord | undefined }>()
  for (const record of records) {
    for (const { role, digest } of record.refs) {
      const mediaType = record.core.payloads.find((payload) => payload.role === role)?.mediaType ?? 'application/octet-stream'
      const known = mediaTypes.get(digest)
      // One payload under two media types is listed under the smaller name, whichever step came first.
      if (known === undefined || mediaType < known.mediaType) mediaTypes.set(digest, { mediaType, record: known?.record ?? record })
    }
  }
  // The policy stands among the payloads, under the very digest by which the records name it.
  const policyBytes = policy === undefined ? undefined : payloads.readPolicy?.(policy)
  if (policy !== undefined && policyBytes !== undefined) mediaTypes.set(policy, { mediaType: POLICY_MEDIA_TYPE, record: undefined })
  const digests = [...mediaTypes.keys()].sort()
  const blobs: RecordingManifest['blobs'] = []
  for (const digest of digests) {
    const { mediaType, record } = mediaTypes.get(digest) ?? { mediaType: 'application/octet-stream', record: records[0] }
    const read = (): Uint8Array => (digest === policy ? policyBytes : undefined) ?? payloads.read(digest)
    const bytes = record === undefined ? read() : naming(record, read)
    await writeFile(join(folder, blobFile(digest)), bytes, { flag: 'wx', mode })
    blobs.push({ digest, sizeBytes: bytes.byteLength, mediaType })
  }
  return blobs
}

async function checkTarget(target: string, force: boolean): Promise<'nothing' | 'empty' | 'recording'> {
  let entries: string[]
  try {
    entries = await readdir(target)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'nothing'
    if (codeOf(error) === 'ENOTDIR') throw new RepriseError('invalid_argument', `${target} is there and is not a directory`)
    throw error
  }
  if (entries.length === 0) return 'empty'
  const known = new Set([MANIFEST_FILE, STEPS_FILE, BLOBS_FOLDER])
  const foreign = entries.filter((entry) => !known.has(entry)).sort()
  if (foreign.length > 0 || !entries.includes(MANIFEST_FILE)) {
    const message = `${target} is not empty and is not a recording (it holds ${foreign[0] ?? entries[0] ?? ''}); choose another directory`
    throw new RepriseError('invalid_argument', message)
  }
  if (!force) throw new RepriseError('invalid_argument', `${target} already holds a recording; --force (force: true) replaces it`)
  return 'recording'
}

async function moveIntoPlace(temporary: string, target: string, there: 'nothing' | 'empty' | 'recording'): Promise<void> {
  if (there === 'empty') await rmdir(target)
  if (there !== 'recording') return await rename(temporary, target)
  const old = `${temporary}.old`
  await rename(target, old)
  try {
    await rename(temporary, target)
  } catch (error) {
    await rename(old, target)
    throw error
  }
  await rm(old, { recursive: true, force: true })
}

/** Under some test runners (Jest) errors of Node's own are of another realm, and no `Error` here. */
function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}

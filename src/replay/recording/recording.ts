import type { Payload, RecordedStep, RecordingManifest, SpanRecord } from '../../schemas/index.ts'
import { ATTR, type Digest, decodeValue, MEDIA_TYPE, RepriseError } from '../../schemas/index.ts'
import type { LineageNode } from './lineage.ts'
import type { RecordedPolicy } from './recorded-policy.ts'

/** The payload of one role of a step: there, never there, or known to be gone (withheld by the redactor, or erased). */
export type StepPayload =
  | { readonly state: 'present'; readonly digest: Digest; readonly mediaType: string; readonly data: string | Uint8Array }
  | { readonly state: 'absent' }
  | { readonly state: 'gone'; readonly reason: string }

export interface PayloadSource {
  /** The exact bytes behind a digest, verified. Throws `artifact_missing` or `integrity`. */
  read(digest: Digest): Uint8Array
  /** The same bytes where they are in memory already. */
  held?(digest: Digest): Uint8Array | undefined
  /** What a policy's digest is of, where it is somebody's own. */
  readPolicy?(digest: Digest): Uint8Array | undefined
}

/** A verified recording directory. Made by `loadRecording`; nothing in it has run, and none of it names code to load. */
export class Recording {
  readonly folder: string
  readonly manifest: RecordingManifest
  /** Every step in call order. */
  readonly steps: readonly RecordedStep[]
  /** The same steps as a tree of calls. */
  readonly nodes: readonly LineageNode[]
  readonly root: LineageNode
  /** Under which it was redacted. */
  readonly policy: RecordedPolicy
  readonly #payloads: PayloadSource

  constructor(
    folder: string,
    manifest: RecordingManifest,
    steps: readonly RecordedStep[],
    nodes: readonly LineageNode[],
    policy: RecordedPolicy,
    payloads: PayloadSource,
  ) {
    const root = nodes.find((node) => node.record.core.spanId === manifest.rootSpanId)
    if (root === undefined) throw new RepriseError('invalid_recording', `${folder}: no step has the root's span id ${manifest.rootSpanId}`)
    this.folder = folder
    this.manifest = manifest
    this.steps = steps
    this.nodes = nodes
    this.root = root
    this.policy = policy
    this.#payloads = payloads
  }

  /**
   * The arguments that the run was started with, after redaction, decoded afresh at each call. A function, stream or
   * signal among them comes back as an `Opaque`: a program that needs one gets its arguments from the test.
   *
   * @throws RepriseError `artifact_missing` when the recording does not hold them whole
   */
  arguments(): unknown[] {
    const payload = this.payloadOf(this.root.record, 'input')
    if (payload.state === 'absent') return []
    if (payload.state === 'gone') {
      throw new RepriseError('artifact_missing', `the arguments of the run are not in the recording: ${payload.reason}`)
    }
    const value = decodeValue(payload.mediaType, payload.data)
    if (!Array.isArray(value)) throw new RepriseError('invalid_recording', `the arguments of the run: expected an array`)
    if (wasCut(this.root.record, 'input')) {
      const message = 'the arguments of the run were cut when they were recorded, so the run cannot start from them: pass { args }'
      throw new RepriseError('artifact_missing', message, { details: { digest: payload.digest } })
    }
    return value
  }

  /** The arguments of a step, decoded afresh; undefined where the recording does not hold them whole. */
  inputOf(record: SpanRecord): unknown[] | undefined {
    const payload = this.payloadOf(record, 'input')
    if (payload.state !== 'present' || wasCut(record, 'input')) return undefined
    const value = decodeValue(payload.mediaType, payload.data)
    return Array.isArray(value) ? value : undefined
  }

  /** The same recording, with its steps seen otherwise. */
  withNodes(nodes: readonly LineageNode[]): Recording {
    return new Recording(this.folder, this.manifest, this.steps, nodes, this.policy, this.#payloads)
  }

  /** What the run returned, decoded afresh; of a stream the array of its chunks. `undefined` when it is not there. */
  rootOutput(): unknown {
    const payload = this.payloadOf(this.root.record, 'output')
    return payload.state === 'present' ? decodeValue(payload.mediaType, payload.data) : undefined
  }

  /** The exact bytes of one artifact that the recording names. Throws `artifact_missing`. */
  readArtifact(digest: Digest): Uint8Array {
    return this.#payloads.read(digest)
  }

  payloadOf(record: SpanRecord, role: Payload['role']): StepPayload {
    return payloadOf(record, role, this.#payloads)
  }

  /** A payload of a step as the recording holds it, where that is as JSON and it is in memory. */
  jsonOf(record: SpanRecord, role: 'input' | 'output'): { readonly json: Uint8Array; readonly bytesDigest: Digest } | undefined {
    const told = ofRole(record.core.payloads, role)
    const reference = ofRole(record.refs, role)
    if (reference === undefined || told?.mediaType !== MEDIA_TYPE.json || told.withheld !== undefined) return undefined
    const json = this.#payloads.held?.(reference.digest)
    return json === undefined ? undefined : { json, bytesDigest: reference.digest }
  }
}

/** Whether a bound cut this payload when it was captured, so that it is not what the program had. */
export function wasCut({ core }: SpanRecord, role: 'input' | 'output' | 'error' | 'returned'): boolean {
  return core.cuts?.some(({ what }) => what === role) ?? false
}

const RETURNED_ROLE = `/attributes/${ATTR.streamReturned}` as const

/** What a generator returned beside its chunks, as JSON; absent where that was `undefined`. */
export function readReturned(recording: Recording, record: SpanRecord): StepPayload {
  if (wasCut(record, 'returned')) return { state: 'gone', reason: 'cut when it was recorded, or has no form in JSON' }
  const payload = recording.payloadOf(record, RETURNED_ROLE)
  if (payload.state !== 'present') return payload
  // Text that is no object or list is kept as plain text.
  return { ...payload, mediaType: MEDIA_TYPE.json, data: textOf(payload.data) }
}

export function payloadOf(record: SpanRecord, role: Payload['role'], source: PayloadSource): StepPayload {
  const told = ofRole(record.core.payloads, role)
  if (told === undefined) return { state: 'absent' }
  if (told.withheld !== undefined) return { state: 'gone', reason: `withheld: ${told.withheld}` }
  const reference = ofRole(record.refs, role)
  if (reference === undefined) return { state: 'gone', reason: 'erased' }
  const bytes = source.read(reference.digest)
  const data = told.mediaType === MEDIA_TYPE.json ? textOf(bytes) : bytes
  return { state: 'present', digest: reference.digest, mediaType: told.mediaType, data }
}

function textOf(data: string | Uint8Array): string {
  if (typeof data === 'string') return data
  return (Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)).toString('utf8')
}

/** Asked for several times a call: a loop, and no function for each item. */
function ofRole<T extends { readonly role: Payload['role'] }>(items: readonly T[], role: Payload['role']): T | undefined {
  for (const item of items) if (item.role === role) return item
  return undefined
}

import { join } from 'node:path'
import { createRedactor, type Redactor } from '../../src/redaction/index.ts'
import { loadRecording } from '../../src/replay/index.ts'
import type { PayloadSource, Recording } from '../../src/replay/recording/recording.ts'
import { writeRecording } from '../../src/replay/recording/recording-writer.ts'
import {
  type Attributes,
  type Cut,
  commitmentOf,
  type Digest,
  digestOf,
  encodeValue,
  OPERATION_OF_KIND,
  type PayloadRef,
  type PolicyRef,
  type RecordingManifest,
  RepriseError,
  type ResultShape,
  randomSaltHex,
  type SpanCore,
  type SpanRecord,
  type StepKind,
  type StreamEnd,
} from '../../src/schemas/index.ts'
import { captureArguments, captureValue } from '../../src/sdk/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface StepInput {
  readonly kind: StepKind
  readonly name: string
  readonly args?: readonly unknown[]
  readonly output?: unknown
  readonly error?: unknown
  readonly shape?: ResultShape
  readonly streamEnd?: StreamEnd
  /** Flat ranges; `false` for a result that never came. Default: the next number for promises. */
  readonly deliveries?: readonly number[] | false
  /** Milliseconds since the start of the run. Default: one after the call before. */
  readonly start?: number
  readonly end?: number
  readonly pending?: boolean
  readonly cuts?: Cut[]
  readonly metrics?: readonly (readonly [string, number])[]
  readonly fidelity?: 'observed'
  readonly policy?: PolicyRef
  /** Withholds the output as a redactor that failed would have it. */
  readonly withheld?: string
}

const START_NANOS = 1_790_000_000_000_000_000n

/** Makes the records of a run by hand, as the collector would have them from the sdk: redacted under a store's key. */
export class RecordingBuilder {
  readonly records: SpanRecord[] = []
  readonly blobs = new Map<Digest, Uint8Array>()
  readonly runId = '0123456789abcdef0123456789abcdef'
  readonly #redactor: Redactor
  #clock = 0
  #delivery = 0
  #sequence = 0
  readonly #seed: string | undefined

  constructor(options: { seed?: string; redactor?: Redactor } = {}) {
    this.#redactor = options.redactor ?? createRedactor({ policyId: 'default', key: Buffer.alloc(32, 7) })
    this.#seed = options.seed
  }

  get rootSpanId(): string {
    return this.records[0]?.core.spanId ?? ''
  }

  /** Adds a step, the root first. Gives its span id. */
  step(parent: string | undefined, input: StepInput): string {
    const sequence = this.#sequence++
    const spanId = (sequence + 1).toString(16).padStart(16, '0')
    const payloads: SpanCore['payloads'] = []
    const refs: PayloadRef[] = []
    const redactor = this.#redactor.ofKind?.(input.kind) ?? this.#redactor
    this.#addPayload(redactor, 'input', captureArguments(input.args ?? []), payloads, refs)
    if (input.withheld !== undefined)
      payloads.push({ role: 'output', sizeBytes: 0, mediaType: 'application/json', withheld: input.withheld })
    else if (input.output !== undefined) this.#addPayload(redactor, 'output', captureValue(input.output).value, payloads, refs)
    if (input.error !== undefined) this.#addPayload(redactor, 'error', captureValue(input.error).value, payloads, refs)
    const shape = input.shape ?? 'promise'
    const start = input.start ?? this.#clock
    const end = input.end ?? start + 0.5
    this.#clock = Math.max(this.#clock, input.start === undefined ? start + 1 : start)
    const asynchronous = shape !== 'value' && parent !== undefined && input.pending !== true
    const numbers = input.deliveries ?? (asynchronous && input.streamEnd === undefined ? [this.#delivery, 1] : undefined)
    if (Array.isArray(numbers))
      for (let at = 0; at < numbers.length; at += 2) this.#delivery = Math.max(this.#delivery, numbers[at] + numbers[at + 1])
    this.records.push({
      core: {
        schema: 'reprise.span/1',
        namespace: 'local',
        runId: this.runId,
        traceId: this.runId,
        spanId,
        ...(parent === undefined ? {} : { parentSpanId: parent }),
        name: `${OPERATION_OF_KIND[input.kind]} ${input.name}`,
        kind: input.kind,
        operation: OPERATION_OF_KIND[input.kind],
        stepName: input.name,
        spanKind: 'internal',
        startNanos: nanosAt(start),
        ...(input.pending === true ? { pending: true as const } : { endNanos: nanosAt(end) }),
        status: { code: input.error === undefined ? 'unset' : 'error' },
        attributes: {},
        events: (input.metrics ?? []).map(([name, value]) => ({
          name: 'reprise.metric',
          timeNanos: nanosAt(start),
          attributes: metric(name, value),
        })),
        links: [],
        resource: { attributes: { 'service.name': 'test' } },
        scope: { name: 'reprise' },
        fidelity: input.fidelity ?? 'replayable',
        ...(input.fidelity === 'observed' ? {} : { sequence }),
        ...(input.pending === true ? {} : { shape }),
        ...(input.streamEnd === undefined ? {} : { streamEnd: input.streamEnd }),
        ...(Array.isArray(numbers) ? { deliveries: [...numbers] } : {}),
        ...(parent === undefined && this.#seed !== undefined ? { seed: this.#seed } : {}),
        payloads,
        policy: input.policy ?? this.#redactor.policy,
        ...(input.cuts === undefined ? {} : { cuts: input.cuts }),
      },
      refs,
    })
    return spanId
  }

  async write(folder?: string): Promise<{ folder: string; manifest: RecordingManifest }> {
    const target = folder ?? join(await temporaryFolder(), 'recording')
    const manifest = await writeRecording(this.records, this.rootSpanId, this.#source(), target)
    return { folder: target, manifest }
  }

  async load(): Promise<Recording> {
    return await loadRecording((await this.write()).folder)
  }

  #source(): PayloadSource {
    const { policy, policyText } = this.#redactor
    return {
      read: (digest) => this.#read(digest),
      readPolicy: (digest) => (digest === policy.digest && policyText !== undefined ? Buffer.from(policyText) : undefined),
    }
  }

  #read(digest: Digest): Uint8Array {
    const bytes = this.blobs.get(digest)
    if (bytes === undefined) throw new RepriseError('artifact_missing', `no blob ${digest}`)
    return bytes
  }

  #addPayload(
    redactor: Redactor,
    role: 'input' | 'output' | 'error',
    value: unknown,
    payloads: SpanCore['payloads'],
    refs: PayloadRef[],
  ): void {
    const encoded = encodeValue(value)
    const { value: redacted } = redactor.redactPayload(encoded.mediaType, encoded.data)
    const bytes = typeof redacted === 'string' ? Buffer.from(redacted) : redacted
    const digest = digestOf(bytes)
    const salt = randomSaltHex()
    this.blobs.set(digest, bytes)
    payloads.push({ role, sizeBytes: bytes.byteLength, mediaType: encoded.mediaType, commitment: commitmentOf(salt, digest) })
    refs.push({ role, digest, salt })
  }
}

function metric(name: string, value: number): Attributes {
  return { 'reprise.metric.name': name, 'reprise.metric.value': Number.isInteger(value) ? { double: value } : value }
}

function nanosAt(millis: number): string {
  return String(START_NANOS + BigInt(Math.round(millis * 1000)) * 1000n)
}

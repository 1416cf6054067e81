import { types } from 'node:util'
import { decodeExportResponse, decodeStatus, TraceWriter, type WireResource, type WireScope } from '../../otlp/index.ts'
import { type OptionValues, RepriseError, randomId16, randomId32 } from '../../schemas/index.ts'
import type { Gap, QueuedStep } from '../recorder/send-queue.ts'
import { nowMillis, readClockAnchor, unixMicros } from '../run/clock.ts'
import { SDK_NAME, SDK_VERSION } from '../version.ts'
import type { Reply } from './exchange.ts'
import type { LargePayloads } from './large-payloads.ts'
import { PayloadWriter } from './payload.ts'
import { resourceAttributes } from './resource.ts'
import type { Sender } from './sender.ts'
import { StepWriter, writeGap } from './step-writer.ts'
import type { Transport } from './transport.ts'
import type { Batch, SendResult, Way } from './way.ts'

const BATCH_MAX_BYTES = 2 * 1024 * 1024
/** Of a process that ends: one is written, sent or redacted as a whole, however little time is left. */
const EXIT_BATCH_MAX_BYTES = 512 * 1024
/** A process that ends looks at the clock after so many steps. */
const ITEMS_A_LOOK = 64
/** A batch with one very large payload does not tie up its memory for good. */
const KEPT_MEMORY_MAX_BYTES = 4 * BATCH_MAX_BYTES
const PROTOBUF = 'application/x-protobuf'
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504])

export interface RepriseBatch extends Batch {
  readonly body: Uint8Array
}

/** To a Reprise collector: OTLP protobuf with the raw values of each step, redacted there before anything is kept. */
export class RepriseWay implements Way {
  readonly #transport: Transport
  readonly #timeoutMillis: number
  readonly #resource: WireResource
  readonly #sender: Sender
  readonly #payloads: PayloadWriter = new PayloadWriter(true)
  readonly #steps: StepWriter = new StepWriter(this.#payloads)
  /** What the last acknowledged body was written into. */
  #memory: ArrayBufferLike | undefined

  constructor(options: OptionValues, transport: Transport, sender: Sender) {
    this.#transport = transport
    this.#sender = sender
    this.#timeoutMillis = options.flushTimeoutMillis
    this.#resource = wireResource(options)
  }

  async fill(next: () => QueuedStep | undefined, gaps: readonly Gap[]): Promise<RepriseBatch> {
    const payloads = this.#payloads
    const batch = new BatchWriter(this.#sender, this.#resource, this.#steps, this.#memory)
    this.#memory = undefined
    for (const gap of gaps) batch.addGap(gap)
    while (batch.sizeBytes < BATCH_MAX_BYTES) {
      const item = next()
      if (item === undefined) break
      // An announcement whose step has ended meanwhile is old news: the step itself is in the queue.
      if (item.pending && item.step.endMillis !== undefined) continue
      const large = this.#steps.isLarge(item)
      if (large) await batch.addLarge(item)
      else batch.add(item)
      payloads.reset()
      if (payloads.slices.over(item.sizeBytes, !large)) await payloads.slices.pause()
    }
    return batch.finish(gaps)
  }

  async send(batch: Batch, signal: AbortSignal): Promise<SendResult> {
    const { body } = repriseBatchOf(batch)
    const result = await this.sendBody(body, signal)
    // A batch that is tried again keeps its body.
    if (result.kind !== 'retry' && body.buffer.byteLength <= KEPT_MEMORY_MAX_BYTES) this.#memory = body.buffer
    return result
  }

  /** One try with a body from wherever; its bytes stay the caller's. */
  async sendBody(body: Uint8Array, signal: AbortSignal): Promise<SendResult> {
    let reply: Reply
    try {
      reply = await this.#transport.post('/v1/traces', PROTOBUF, body, this.#timeoutMillis, signal)
    } catch (error) {
      return { kind: 'retry', answered: false, afterMillis: undefined, reason: reasonOf(error) }
    }
    return resultOf(reply)
  }

  async close(): Promise<void> {
    await this.#transport.close()
  }
}

/** @throws RepriseError `internal` for a batch of another way out */
export function repriseBatchOf(batch: Batch): RepriseBatch {
  if ('body' in batch && types.isUint8Array(batch.body)) return { ...batch, body: batch.body }
  throw new RepriseError('internal', 'a batch of another way out')
}

/**
 * The same bodies without pauses, smaller ones, for a process that is on its way out.
 *
 * @param untilMillis on the clock of `nowMillis`: what is not written by then is left out, and a gap behind the first body says how many
 *   steps that were
 */
export function encodeAtOnce(
  options: OptionValues,
  sender: Sender,
  items: readonly QueuedStep[],
  gaps: readonly Gap[],
  untilMillis: number = Number.POSITIVE_INFINITY,
): { readonly batches: RepriseBatch[]; readonly left: number } {
  const resource = wireResource(options)
  const payloads = new PayloadWriter(false)
  const steps = new StepWriter(payloads)
  const batches: RepriseBatch[] = []
  const open = (): BatchWriter => new BatchWriter(sender, resource, steps)
  let at = 0
  const isOver = (): boolean => at > 0 && at % ITEMS_A_LOOK === 0 && nowMillis() > untilMillis
  for (let pendingGaps = gaps; (at < items.length && !isOver()) || pendingGaps.length > 0; pendingGaps = []) {
    const batch = open()
    for (const gap of pendingGaps) batch.addGap(gap)
    for (let item = items[at]; item !== undefined && batch.sizeBytes < EXIT_BATCH_MAX_BYTES && !isOver(); item = items[++at]) {
      if (item.pending && item.step.endMillis !== undefined) continue
      batch.add(item)
      payloads.reset()
    }
    if (batch.spans > 0 || batch.unwritable > 0) batches.push(batch.finish(pendingGaps))
  }
  const left = items.slice(at).filter(({ pending }) => !pending).length
  if (left > 0) {
    const notice: Gap = { runId: undefined, traceId: undefined, reason: 'exit_timeout', count: left }
    const batch = open()
    batch.addGap(notice)
    batches.splice(1, 0, batch.finish([notice]))
  }
  return { batches, left }
}

class BatchWriter {
  readonly #writer: TraceWriter
  readonly #steps: StepWriter
  readonly #sender: Sender
  spans = 0
  unwritable = 0

  constructor(sender: Sender, resource: WireResource, steps: StepWriter, memory?: ArrayBufferLike) {
    this.#sender = sender
    this.#steps = steps
    this.#writer = new TraceWriter(memory)
    this.#writer.startResource(sender.stamp(resource))
    this.#writer.startScope(SCOPE)
  }

  get sizeBytes(): number {
    return this.#writer.sizeBytes
  }

  /** @returns whether it could be written */
  add(item: QueuedStep, large?: LargePayloads): boolean {
    try {
      this.#steps.write(this.#writer.openSpan(), item, large)
      this.#writer.closeSpan()
      this.spans++
      return true
    } catch {
      this.#writer.dropSpan()
      this.unwritable++
      return false
    }
  }

  async addLarge(item: QueuedStep): Promise<void> {
    let large: LargePayloads
    try {
      large = await this.#steps.encodeInSlices(item)
    } catch {
      this.unwritable++
      return
    }
    large.reserve(this.#writer)
    if (this.add(item, large)) await large.putInSlices(this.#writer)
  }

  addGap(gap: Gap): void {
    const ids = { traceId: gap.traceId ?? randomId32(), spanId: randomId16() }
    writeGap(this.#writer.openSpan(), gap, ids, unixMicros(readClockAnchor(), nowMillis()))
    this.#writer.closeSpan()
    this.spans++
  }

  finish(gaps: readonly Gap[]): RepriseBatch {
    if (this.spans > 0) this.#sender.given()
    return { body: this.#writer.finish(), spans: this.spans, gaps, unwritable: this.unwritable }
  }
}

const SCOPE: WireScope = { name: SDK_NAME, version: SDK_VERSION, attributes: [], droppedAttributes: 0 }

function wireResource(options: OptionValues): WireResource {
  const attributes = Object.entries(resourceAttributes(options))
  return {
    attributes: attributes.map(
      ([key, value]) => [key.toWellFormed(), typeof value === 'string' ? value.toWellFormed() : { int: BigInt(value) }] as const,
    ),
    droppedAttributes: 0,
  }
}

/** OTLP 1.x, "OTLP/HTTP Response": what each status means for the sender. */
function resultOf({ status, retryAfterMillis, body }: Reply): SendResult {
  if (status >= 200 && status < 300) {
    try {
      const { rejectedSpans, errorMessage } = decodeExportResponse('protobuf', body)
      return { kind: 'sent', rejected: rejectedSpans, message: errorMessage }
    } catch {
      return { kind: 'sent', rejected: 0, message: '' }
    }
  }
  const reason = `HTTP ${status}${statusMessage(body)}`
  if (RETRYABLE.has(status)) return { kind: 'retry', answered: true, afterMillis: retryAfterMillis, reason }
  return { kind: 'refused', reason }
}

function statusMessage(body: Uint8Array): string {
  try {
    const { message } = decodeStatus('protobuf', body)
    return message === '' ? '' : `: ${message.slice(0, 300)}`
  } catch {
    return ''
  }
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code: unknown = Reflect.get(error, 'code')
  return code === 'ECONNREFUSED' ? 'connection refused' : error.message !== '' ? error.message : String(code ?? error.name)
}

import { types } from 'node:util'
import type { Attributes, StreamEnd } from '../../schemas/index.ts'
import { callSpec } from '../calls/call-spec.ts'
import type { Recorder } from '../recorder/recorder.ts'
import { nowMillis } from '../run/clock.ts'
import type { RunState } from '../run/run-state.ts'
import { nextSpanId } from '../run/span-ids.ts'
import { Step } from '../run/step.ts'
import { Copier } from '../snapshot/snapshot.ts'
import { keptExchange, timedOutExchange, type WireHead } from './exchange.ts'
import { exchangeName, isSafeMethod, type KeptRequest } from './request.ts'

/** Chunks beyond this many are bytes of the one before, and the record says that it was cut. */
const CHUNKS_MAX = 65_536
const TIMES_MAX = 4096
/** Beside the body. */
const HEAD_MAX_BYTES = 64 * 1024
const TIMING_EVENT = 'reprise.wire'

/** What is known of a request when its exchange begins. */
interface WireTarget {
  readonly method: string
  readonly url: URL
  /** As it is known at this moment. */
  request(): KeptRequest
  /** The body is still being written or read when the exchange begins. */
  readonly isGrowing: boolean
}

/** OpenTelemetry's conventions for HTTP clients; the whole URL is in the request, which is redacted as such. */
function attributesOf(method: string, { protocol, hostname, port }: URL): Attributes {
  return {
    'http.request.method': method.toUpperCase(),
    'server.address': hostname.replace(/^\[|\]$/g, ''),
    'server.port': port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
    'url.scheme': protocol.slice(0, -1),
  }
}

/** One recorded HTTP exchange. Also the scope of what carries it: what that does is no exchange of its own. */
export class WireStep extends Step {
  readonly #recorder: Recorder
  /** Let go of at the end: a connection that is kept open may hold this step for long. */
  #target: WireTarget | undefined
  #head: WireHead | undefined
  #headMillis = 0
  #timedOut = false
  #times: number[] = []
  #chunks: Uint8Array[] | undefined
  #bytes = 0
  #lostBytes = 0
  #mergedChunks = 0

  static start(recorder: Recorder, run: RunState, parent: Step, target: WireTarget): WireStep {
    const step = new WireStep(recorder, run, parent, target)
    recorder.started(step)
    return step
  }

  private constructor(recorder: Recorder, run: RunState, parent: Step, target: WireTarget) {
    const { method, url } = target
    const { traceId, spanId } = parent.ids
    const ids = { traceId, spanId: nextSpanId(), parentSpanId: spanId }
    const name = exchangeName(method, url)
    const spec = callSpec({ kind: 'wire', name, effect: isSafeMethod(method) ? 'read' : 'write', attributes: attributesOf(method, url) })
    super(recorder, run, parent, ids, { spec, model: undefined }, [target.request()])
    this.#recorder = recorder
    this.#target = target
  }

  /** The response has come. With a body, its chunks and its end are to follow. */
  answered(head: WireHead): void {
    if (this.endMillis !== undefined) return
    this.#head = head
    this.#headMillis = this.#millis()
    if (!head.hasBody) {
      this.shape = 'promise'
      this.#keep()
      // The output is kept already.
      this.settle(undefined, 'promise')
      return
    }
    this.#chunks = []
    this.shape = 'promise-readable-stream'
    if (!this.run.shared.ended) this.run.shared.openStreams.add(this)
  }

  get isAnswered(): boolean {
    return this.#head !== undefined
  }

  /** The program was told that the connection had been silent for too long. */
  timedOut(): void {
    this.#timedOut = true
  }

  override fail(error: unknown, shape: 'promise' | 'value'): void {
    if (this.endMillis !== undefined) return
    this.#takeRequest()
    if (this.#timedOut) this.output = this.#recorder.snapshot(timedOutExchange())
    super.fail(error, shape)
  }

  /** The bytes are copied: the program may do with its own what it likes. */
  override chunk(value: unknown): void {
    const chunks = this.#chunks
    if (chunks === undefined || this.endMillis !== undefined || !types.isUint8Array(value)) return
    if (this.#times.length < TIMES_MAX) this.#times.push(this.#millis())
    const room = Math.max(0, this.#recorder.limits.maxBytes - this.#bytes)
    const taken = value.length <= room ? value : value.subarray(0, room)
    this.#bytes += taken.length
    this.#lostBytes += value.length - taken.length
    if (chunks.length < CHUNKS_MAX) chunks.push(Uint8Array.from(taken))
    else this.#mergedChunks++
  }

  override endStream(end: StreamEnd, error?: unknown): void {
    if (this.endMillis !== undefined) return
    this.#keep()
    super.endStream(end, error)
  }

  #keep(): void {
    const head = this.#head
    this.#takeRequest()
    if (head === undefined) return
    try {
      const { limits } = this.#recorder
      const copier = new Copier({ ...limits, maxBytes: limits.maxBytes + HEAD_MAX_BYTES })
      const copy = copier.copyGuarded(keptExchange(head, this.#chunks, limits.maxBytes))
      if (this.#lostBytes > 0) copier.cut('bytes', this.#bytes + this.#lostBytes)
      if (this.#mergedChunks > 0) copier.cut('entries', CHUNKS_MAX + this.#mergedChunks)
      this.output = copier.result(copy)
    } catch {
      this.#recorder.missed(this.run)
    }
    this.#chunks = undefined
    this.addEvent(TIMING_EVENT, { 'reprise.wire.head_millis': this.#headMillis, 'reprise.wire.chunk_millis': this.#times })
  }

  #takeRequest(): void {
    const target = this.#target
    this.#target = undefined
    if (target?.isGrowing !== true) return
    try {
      this.input = this.#recorder.snapshot([target.request()])
    } catch {
      this.#recorder.missed(this.run)
    }
  }

  #millis(): number {
    return Math.round(nowMillis() - this.startMillis)
  }
}

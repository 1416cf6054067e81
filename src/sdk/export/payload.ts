import { types } from 'node:util'
import { encodeValue, jsonTreeOf, MEDIA_TYPE, Truncated } from '../../schemas/index.ts'
import type { TokenRun, Tokens } from '../snapshot/flat.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { JsonBytes } from './json-bytes.ts'
import { JsonSlices } from './json-slices.ts'
import { MsgpackSlices } from './msgpack-slices.ts'
import { Slices } from './slices.ts'

/** A payload as the wire carries it: text, bytes, or UTF-8 text that the writer holds between two of its positions. */
export interface EncodedPayload {
  readonly mediaType: string
  readonly content: string | Uint8Array | WrittenText
}

/** A large one: bytes are in pieces. */
export interface LargePayload {
  readonly mediaType: string
  readonly content: WrittenText | readonly Uint8Array[]
}

export interface WrittenText {
  readonly start: number
  readonly end: number
}

/** Up to this size a payload is written in one go: well below a slice. */
const SMALL_BYTES = 64 * 1024
/** About what one step of a large payload writes. */
const STEP_BYTES = 16 * 1024
/** With fewer bytes than this to an entry a value is more structure than text. */
const TEXT_BYTES_PER_ENTRY = 128

/** Writes the payloads of one span after the other. What it gives is valid until it is reset. */
export class PayloadWriter {
  readonly slices: Slices = new Slices()
  readonly #json: JsonBytes = new JsonBytes()
  readonly #pausing: boolean

  /** @param pausing whether there is time for pauses: not in a process on its way out */
  constructor(pausing: boolean) {
    this.#pausing = pausing
  }

  reset(): void {
    this.#json.reset()
  }

  /** The bytes of text that was written: a view, valid until more is written. */
  bytesOf({ start, end }: WrittenText): Uint8Array {
    return this.#json.between(start, end)
  }

  isLarge({ sizeBytes }: Snapshot): boolean {
    return this.#pausing && sizeBytes > SMALL_BYTES
  }

  write(snapshot: Snapshot, ownMediaType?: string): EncodedPayload {
    if (snapshot.runs !== undefined) return this.#writeRuns(snapshot.runs)
    const { value } = snapshot
    if (ownMediaType !== undefined && !(value instanceof Truncated)) {
      if (typeof value === 'string') return { mediaType: ownMediaType, content: value.toWellFormed() }
      if (types.isUint8Array(value)) return { mediaType: ownMediaType, content: value }
    }
    if (snapshot.plain && snapshot.sizeBytes < TEXT_BYTES_PER_ENTRY * snapshot.entries) {
      // Structure is what JSON.stringify is faster at.
      return { mediaType: MEDIA_TYPE.json, content: JSON.stringify(value) }
    }
    if (snapshot.json) return this.#writeJson(value, snapshot.plain)
    const { mediaType, data } = encodeValue(value)
    return { mediaType, content: data }
  }

  /** The JSON text of a value given as tokens: a view, valid until more is written. */
  writeTokens(tokens: Tokens, sizeBytes: number): Uint8Array {
    const start = this.#json.position
    this.#json.tokens(tokens, sizeBytes)
    return this.#json.between(start, this.#json.position)
  }

  /** JSON text whatever the value: what JSON has no form for is a tagged object in it. */
  writeText(snapshot: Snapshot): EncodedPayload {
    return this.#writeJson(snapshot.json ? snapshot.value : jsonTreeOf(snapshot.value).tree, snapshot.plain)
  }

  /** For what `isLarge`: the event loop runs in between. */
  async writeInSlices(snapshot: Snapshot, ownMediaType?: string): Promise<LargePayload> {
    const start = this.#json.position
    if (snapshot.runs !== undefined) {
      for (const step of this.#runByRun(snapshot.runs)) if (this.slices.over(step.sizeBytes)) await this.slices.pause()
      return this.#written(start)
    }
    const { value, json } = snapshot
    if (ownMediaType !== undefined && typeof value === 'string') {
      for (let at = 0; at < value.length; ) {
        at = this.#json.unquoted(value, at)
        if (this.slices.over(STEP_BYTES)) await this.slices.pause()
      }
      return { mediaType: ownMediaType, content: { start, end: this.#json.position } }
    }
    if (ownMediaType !== undefined && types.isUint8Array(value)) return { mediaType: ownMediaType, content: [value] }
    const writing = json ? new JsonSlices(this.#json, snapshot) : new MsgpackSlices(value)
    while (writing.step()) if (this.slices.over(STEP_BYTES)) await this.slices.pause()
    return writing instanceof MsgpackSlices ? { mediaType: MEDIA_TYPE.msgpack, content: writing.finish() } : this.#written(start)
  }

  #writeRuns(runs: readonly TokenRun[]): { mediaType: string; content: WrittenText } {
    const start = this.#json.position
    for (const _ of this.#runByRun(runs));
    return this.#written(start)
  }

  /** The list of which these are the elements. */
  *#runByRun(runs: readonly TokenRun[]): Generator<TokenRun> {
    this.#json.ascii('[')
    for (const [index, run] of runs.entries()) {
      if (index > 0) this.#json.ascii(',')
      this.#json.tokens(run.tokens, run.sizeBytes)
      yield run
    }
    this.#json.ascii(']')
  }

  #writeJson(value: unknown, plain: boolean): EncodedPayload {
    const start = this.#json.position
    this.#json.value(value, plain)
    return this.#written(start)
  }

  #written(start: number): { mediaType: string; content: WrittenText } {
    return { mediaType: MEDIA_TYPE.json, content: { start, end: this.#json.position } }
  }
}

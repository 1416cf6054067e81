import { encodeValue, jsonTreeOf, MEDIA_TYPE, Truncated } from '../../schemas/index.ts'
import type { Snapshot } from '../snapshot.ts'
import { JsonBytes } from './json-bytes.ts'
import { JsonSlices } from './json-slices.ts'
import { MsgpackSlices } from './msgpack-slices.ts'
import { Slices } from './slices.ts'

/** A payload as the wire carries it. */
export interface EncodedPayload {
  readonly mediaType: string
  readonly content: string | { readonly utf8: Uint8Array } | { readonly bytes: Uint8Array }
}

/** Up to this size a payload is written in one go: well below a slice. */
const SMALL_BYTES = 128 * 1024
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

  isLarge({ sizeBytes }: Snapshot): boolean {
    return this.#pausing && sizeBytes > SMALL_BYTES
  }

  write(snapshot: Snapshot, ownMediaType?: string): EncodedPayload {
    const { value } = snapshot
    if (ownMediaType !== undefined && !(value instanceof Truncated)) {
      if (typeof value === 'string') return { mediaType: ownMediaType, content: value.toWellFormed() }
      if (value instanceof Uint8Array) return { mediaType: ownMediaType, content: { bytes: value } }
    }
    if (snapshot.plain && snapshot.sizeBytes < TEXT_BYTES_PER_ENTRY * snapshot.entries) {
      // Structure is what JSON.stringify is faster at.
      return { mediaType: MEDIA_TYPE.json, content: JSON.stringify(value) }
    }
    if (snapshot.json) return this.#writeJson(value, snapshot.plain)
    const { mediaType, data } = encodeValue(value)
    return { mediaType, content: typeof data === 'string' ? data : { bytes: data } }
  }

  /** JSON text whatever the value: what JSON has no form for is a tagged object in it. */
  writeText(snapshot: Snapshot): EncodedPayload {
    return this.#writeJson(snapshot.json ? snapshot.value : jsonTreeOf(snapshot.value).tree, snapshot.plain)
  }

  /** For what `isLarge`: the event loop runs in between. */
  async writeInSlices(snapshot: Snapshot, ownMediaType?: string): Promise<EncodedPayload> {
    const { value, json } = snapshot
    // Bytes and text are written in one go in any case.
    if (ownMediaType !== undefined) return this.write(snapshot, ownMediaType)
    const start = this.#json.position
    const writing = json ? new JsonSlices(this.#json, snapshot) : new MsgpackSlices(value)
    while (writing.step()) if (this.slices.over) await this.slices.pause()
    return writing instanceof MsgpackSlices ? { mediaType: MEDIA_TYPE.msgpack, content: { bytes: writing.finish() } } : this.#written(start)
  }

  #writeJson(value: unknown, plain: boolean): EncodedPayload {
    const start = this.#json.position
    this.#json.value(value, plain)
    return this.#written(start)
  }

  #written(start: number): EncodedPayload {
    return { mediaType: MEDIA_TYPE.json, content: { utf8: this.#json.since(start) } }
  }
}

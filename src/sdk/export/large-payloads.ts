import type { EncodedKey, SpanWriter, TraceWriter } from '../../otlp/index.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { LargePayload, PayloadWriter } from './payload.ts'

/** How many bytes are copied without a look at the clock. */
const COPY_BYTES = 128 * 1024
/** What the rest of a span takes, roughly; where it is more, the body grows once. */
const REST_BYTES = 64 * 1024

/**
 * The payloads of one step that are too large to be written, or copied into a body, in one go: each is written with pauses, the
 * span is written with room left for them, and then they are copied there, with pauses again.
 */
export class LargePayloads {
  readonly #payloads: PayloadWriter
  readonly #encoded = new Map<Snapshot, LargePayload>()
  readonly #places: { readonly at: number; readonly content: LargePayload['content'] }[] = []

  constructor(payloads: PayloadWriter) {
    this.#payloads = payloads
  }

  /** @throws whatever the value has against being written */
  async add(snapshot: Snapshot, ownMediaType?: string): Promise<void> {
    this.#encoded.set(snapshot, await this.#payloads.writeInSlices(snapshot, ownMediaType))
  }

  get(snapshot: Snapshot): LargePayload | undefined {
    return this.#encoded.get(snapshot)
  }

  /** Makes room for all of them and the rest of the span. */
  reserve(writer: TraceWriter): void {
    let bytes = REST_BYTES
    for (const { content } of this.#encoded.values()) bytes += sizeOf(content)
    writer.reserve(bytes)
  }

  /** Leaves room for one of them in the span. */
  leaveRoom(span: SpanWriter, key: EncodedKey, content: LargePayload['content']): void {
    const at = span.room(key, 'start' in content ? 'utf8' : 'bytes', sizeOf(content))
    this.#places.push({ at, content })
  }

  /** Copies them to where room was left, while the event loop runs in between. */
  async putInSlices(writer: TraceWriter): Promise<void> {
    const { slices } = this.#payloads
    for (const { at, content } of this.#places) {
      let place = at
      for (const piece of this.#piecesOf(content))
        for (let start = 0; start < piece.length; start += COPY_BYTES) {
          const part = piece.subarray(start, start + COPY_BYTES)
          writer.put(place, part)
          place += part.length
          if (slices.over(part.length)) await slices.pause()
        }
    }
  }

  #piecesOf(content: LargePayload['content']): readonly Uint8Array[] {
    return 'start' in content ? [this.#payloads.bytesOf(content)] : content
  }
}

function sizeOf(content: LargePayload['content']): number {
  return 'start' in content ? content.end - content.start : content.reduce((sum, piece) => sum + piece.length, 0)
}

import { encodeValue, MEDIA_TYPE, Truncated } from '../../schemas/index.ts'
import type { Snapshot } from '../snapshot.ts'
import { JsonPieces } from './json-pieces.ts'
import type { Slices } from './slices.ts'

/** A payload as the wire carries it: text or bytes, in one or in several pieces. */
export interface EncodedPayload {
  readonly mediaType: string
  readonly content: { readonly text: string } | { readonly textPieces: Uint8Array[] } | { readonly bytes: Uint8Array }
}

/** Up to this size a payload is written in one go: well below a slice. */
const SMALL_BYTES = 64 * 1024
const encoder = new TextEncoder()

/** Large text is written in slices, hence a promise for it; everything else at once. */
export function encodePayload(snapshot: Snapshot, slices: Slices | undefined, ownMediaType?: string): EncodedPayload | Promise<EncodedPayload> {
  if (ownMediaType !== undefined && !(snapshot.value instanceof Truncated)) {
    const { value } = snapshot
    if (typeof value === 'string') return { mediaType: ownMediaType, content: { text: value.toWellFormed() } }
    if (value instanceof Uint8Array) return { mediaType: ownMediaType, content: { bytes: value } }
  }
  if (slices !== undefined && snapshot.json && snapshot.sizeBytes > SMALL_BYTES) return encodeInSlices(snapshot, slices)
  if (snapshot.plain) return { mediaType: MEDIA_TYPE.json, content: { text: JSON.stringify(snapshot.value) } }
  const { mediaType, data } = encodeValue(snapshot.value)
  return { mediaType, content: typeof data === 'string' ? { text: data } : { bytes: data } }
}

async function encodeInSlices({ value, plain }: Snapshot, slices: Slices): Promise<EncodedPayload> {
  const textPieces: Uint8Array[] = []
  const pieces = new JsonPieces(value, plain)
  for (let piece = pieces.next(); piece !== undefined; piece = pieces.next()) {
    textPieces.push(encoder.encode(piece))
    if (slices.over) await slices.pause()
  }
  return { mediaType: MEDIA_TYPE.json, content: { textPieces } }
}

import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { type Digest, MEDIA_TYPE } from '../../schemas/index.ts'
import type { PreparedBlob } from '../types.ts'
import { type ArrayRange, type ElementRange, findArrays } from './find-arrays.ts'
import { encodeParts, LIST_MEDIA_TYPE, type Part, sizeOfParts } from './parts.ts'

export interface AddressedPayload {
  /** Of the exact bytes. */
  readonly digest: Digest
  readonly sizeBytes: number
  /** Everything that must be stored so that the payload can be read again, what others share included. */
  readonly blobs: PreparedBlob[]
}

/** Below this a payload is kept whole. */
const SPLIT_MIN_BYTES = 1536
/** An element up to this stands in the manifest itself: a blob of its own would cost as much. */
const INLINE_MAX_BYTES = 192
/** An element with arrays of its own is split further only from this size. */
const NESTED_MIN_BYTES = 2048
// A list ends where the content says so, so that equal runs of elements make equal lists wherever they begin.
const LIST_MIN_ITEMS = 4
const LIST_MAX_ITEMS = 32
const LIST_END_MASK = 3

const JSON_TYPE = /^(?:application\/(?:[^;]*\+)?json|text\/plain)\s*(?:;|$)/i
const OPEN_ARRAY = 0x5b
const OPEN_OBJECT = 0x7b

function digestOfBytes(bytes: Uint8Array): Digest {
  return `sha256:${hash('sha256', bytes, 'hex')}`
}

/**
 * Gives a payload its digest and its stored form. JSON with long arrays of messages or documents becomes a manifest over
 * one blob an element, in lists that histories with a common beginning share, so that a chat of n turns is stored in O(n).
 * The same payload gives the same blobs whatever came before. Pure: runs in any thread.
 */
export function addressPayload(data: string | Uint8Array, mediaType: string): AddressedPayload {
  const bytes =
    typeof data === 'string'
      ? Buffer.from(data)
      : data instanceof Buffer
        ? data
        : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const digest = digestOfBytes(bytes)
  const whole: AddressedPayload = { digest, sizeBytes: bytes.length, blobs: [{ digest, mediaType, data: bytes, encoding: 'whole' }] }
  const [first] = bytes
  if (bytes.length < SPLIT_MIN_BYTES || (first !== OPEN_ARRAY && first !== OPEN_OBJECT) || !JSON_TYPE.test(mediaType)) return whole
  const arrays = findArrays(bytes)
  if (arrays.length === 0) return whole
  const splitter = new Splitter(bytes)
  const manifest = encodeParts(splitter.parts(0, bytes.length, arrays))
  // Nothing is shared, or the text beside the arrays is most of it.
  if (splitter.blobs.size === 0 || manifest.length * 2 > bytes.length) return whole
  return {
    digest,
    sizeBytes: bytes.length,
    blobs: [...splitter.blobs.values(), { digest, mediaType, data: manifest, encoding: 'manifest' }],
  }
}

/** What stands at one place of an array: its separator and the element, and a number that only its content decides. */
interface Item {
  readonly parts: readonly Part[]
  readonly mark: number
}

class Splitter {
  readonly blobs = new Map<Digest, PreparedBlob>()
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** A range of the text whose arrays are split. */
  parts(start: number, end: number, arrays: readonly ArrayRange[]): Part[] {
    const parts: Part[] = []
    let at = start
    for (const { elements } of arrays) {
      const items: Item[] = []
      for (const element of elements) {
        // What precedes the first element belongs to the text around the array, so that it does not colour the list.
        if (items.length === 0) parts.push(this.#literal(at, element.start))
        items.push(this.#item(items.length === 0 ? element.start : at, element))
        at = element.end
      }
      parts.push(...this.#listed(items))
    }
    parts.push(this.#literal(at, end))
    return parts
  }

  #literal(start: number, end: number): Part {
    return { type: 'bytes', bytes: this.#bytes.subarray(start, end) }
  }

  #item(separatorStart: number, { start, end, arrays }: ElementRange): Item {
    const separator = this.#literal(separatorStart, start)
    if (arrays.length > 0 && end - start >= NESTED_MIN_BYTES) {
      const list = this.#list(this.parts(start, end, arrays))
      return { parts: [separator, list], mark: markOf(list.digest) }
    }
    const bytes = this.#bytes.subarray(start, end)
    if (bytes.length <= INLINE_MAX_BYTES) return { parts: [this.#literal(separatorStart, end)], mark: crc32(bytes) }
    const digest = digestOfBytes(bytes)
    if (!this.blobs.has(digest)) this.blobs.set(digest, { digest, mediaType: MEDIA_TYPE.json, data: bytes, encoding: 'whole' })
    return { parts: [separator, { type: 'blob', digest, sizeBytes: bytes.length }], mark: markOf(digest) }
  }

  /** Stores parts as a list of their own. */
  #list(parts: readonly Part[]): Extract<Part, { type: 'list' }> {
    const data = encodeParts(parts)
    const digest = digestOfBytes(data)
    if (!this.blobs.has(digest)) this.blobs.set(digest, { digest, mediaType: LIST_MEDIA_TYPE, data, encoding: 'whole' })
    return { type: 'list', digest, sizeBytes: sizeOfParts(parts) }
  }

  /**
   * Complete lists become one part each, lists of lists too; what stands after the last complete one of each level stays
   * as it is. So a longer history differs from the shorter one only at its end.
   */
  #listed(items: readonly Item[]): Part[] {
    const tails: Part[][] = []
    let level = items
    for (;;) {
      const lists: Item[] = []
      let from = 0
      for (const [index, { mark }] of level.entries()) {
        const count = index + 1 - from
        if ((count < LIST_MIN_ITEMS || (mark & LIST_END_MASK) !== 0) && count < LIST_MAX_ITEMS) continue
        const list = this.#list(level.slice(from, index + 1).flatMap(({ parts }) => parts))
        lists.push({ parts: [list], mark: markOf(list.digest) })
        from = index + 1
      }
      tails.unshift(level.slice(from).flatMap(({ parts }) => parts))
      if (lists.length === 0) return tails.flat()
      level = lists
    }
  }
}

function markOf(digest: Digest): number {
  return Number.parseInt(digest.slice(-6), 16)
}

import { isUtf8 } from 'node:buffer'
import { Packr, Unpackr } from 'msgpackr'
import { RepriseError } from './errors.ts'
import { setOwn } from './value-tags.ts'

// Only the kinds that every MessagePack reader knows: no records, no extension types. msgpackr keeps its extension types in
// one list for the whole process, so registering ours would change the user's own use of it, and theirs our bytes.
const packr = new Packr({ useRecords: false, variableMapSize: true, useToJSON: false, mapsAsObjects: true })
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: false })

/** A tree of plain objects, arrays, well-formed strings, finite numbers, booleans, null and Uint8Array as MessagePack. */
export function packTree(tree: unknown): Uint8Array {
  // A copy: msgpackr gives a view of a buffer that it goes on writing to.
  return Uint8Array.prototype.slice.call(packr.pack(tree))
}

function malformed(reason: string, offset: number): RepriseError {
  return new RepriseError('malformed_body', `not a MessagePack value: ${reason} (byte ${offset})`)
}

/** Size of a length field by first byte of a token, then how many bytes follow it outright, for tokens that hold no others. */
const LENGTH_FIELD: Readonly<Record<number, number>> = {
  0xc4: 1,
  0xc5: 2,
  0xc6: 4,
  0xd9: 1,
  0xda: 2,
  0xdb: 4,
  0xdc: 2,
  0xdd: 4,
  0xde: 2,
  0xdf: 4,
}
const FIXED: Readonly<Record<number, number>> = {
  0xc0: 0,
  0xc2: 0,
  0xc3: 0,
  0xca: 4,
  0xcb: 8,
  0xcc: 1,
  0xcd: 2,
  0xce: 4,
  0xcf: 8,
  0xd0: 1,
  0xd1: 2,
  0xd2: 4,
  0xd3: 8,
}

/**
 * Walks the bytes without building anything. The bytes may come from anyone who can reach a collector, and msgpackr
 * allocates what a length field asks for, recurses as deep as they say, and takes broken UTF-8.
 */
function verifyBytes(bytes: Uint8Array, maxDepth: number): void {
  // Values still to come in each open container; for a map keys and values, so that an even rest means: a key comes next.
  const open: { rest: number; map: boolean }[] = []
  let at = 0
  do {
    const start = at
    const token = bytes[at] as number
    at += 1
    const parent = open.at(-1)
    const isKey = parent?.map === true && parent.rest % 2 === 0
    const isText = (token >= 0xa0 && token < 0xc0) || (token >= 0xd9 && token <= 0xdb)
    if (isKey && !isText) throw malformed('a key that is not a string', start)
    if (parent !== undefined) parent.rest -= 1
    let length = token < 0x90 ? token & 0x0f : token < 0xa0 ? token & 0x0f : token & 0x1f
    const field = LENGTH_FIELD[token]
    if (field !== undefined) {
      if (at + field > bytes.length) throw malformed('unexpected end', start)
      length = 0
      for (const end = at + field; at < end; at += 1) length = length * 256 + (bytes[at] as number)
    }
    const isMap = (token >= 0x80 && token < 0x90) || token === 0xde || token === 0xdf
    const isArray = (token >= 0x90 && token < 0xa0) || token === 0xdc || token === 0xdd
    if (isMap || isArray) {
      const rest = isMap ? length * 2 : length
      // Each value takes a byte at least.
      if (rest > bytes.length - at) throw malformed('a length beyond the end', start)
      if (open.length >= maxDepth) throw new RepriseError('limit_exceeded', `the value is nested deeper than ${maxDepth} levels`)
      open.push({ rest, map: isMap })
    } else if (isText || (token >= 0xc4 && token <= 0xc6)) {
      if (length > bytes.length - at) throw malformed('a length beyond the end', start)
      if (isText && !isUtf8(bytes.subarray(at, at + length)))
        throw new RepriseError('invalid_utf8', `the text is not valid UTF-8 (byte ${start})`)
      at += length
    } else if (token >= 0x80 && token < 0xe0) {
      const size = FIXED[token]
      if (size === undefined) throw malformed('an extension type', start)
      if (size > bytes.length - at) throw malformed('unexpected end', start)
      at += size
    }
    while (open.at(-1)?.rest === 0) open.pop()
    if (open.length > 0 && at >= bytes.length) throw malformed('unexpected end', at)
  } while (open.length > 0)
  if (at !== bytes.length) throw malformed('bytes after its end', at)
}

function fromMaps(packed: unknown): unknown {
  if (packed instanceof Map) {
    const object: Record<string, unknown> = {}
    for (const [key, held] of packed as Map<string, unknown>) setOwn(object, key, fromMaps(held))
    return object
  }
  if (Array.isArray(packed)) {
    for (let index = 0; index < packed.length; index += 1) packed[index] = fromMaps(packed[index])
    return packed
  }
  // A copy: msgpackr gives a view of its input.
  return packed instanceof Uint8Array ? new Uint8Array(packed) : packed
}

/** The inverse of `packTree`. Throws `malformed_body` with the byte offset, `invalid_utf8`, or `limit_exceeded`. */
export function unpackTree(bytes: Uint8Array, maxDepth: number): unknown {
  if (bytes.length === 0) throw malformed('no bytes', 0)
  verifyBytes(bytes, maxDepth)
  // A view of its own: msgpackr leaves a property on what it reads.
  return fromMaps(unpackr.unpack(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)))
}

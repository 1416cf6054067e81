import { Packr } from 'msgpackr/pack'
import { MsgpackReader } from './msgpack-reader.ts'

// From `msgpackr/pack`: the package's main file also loads streams, and looks for a native addon that only its reader uses.
// Only the kinds that every MessagePack reader knows: no records, no extension types. msgpackr keeps its extension types in one
// list for the whole process, so registering ours would change the recorded program's own use of it, and theirs our bytes.
const packr = new Packr({ useRecords: false, variableMapSize: true, useToJSON: false })

/** A tree of plain objects, arrays, well-formed strings, finite numbers, booleans, null and Uint8Array as MessagePack. */
export function packTree(tree: unknown): Uint8Array {
  // A copy: msgpackr gives a view of a buffer that it goes on writing to.
  return new Uint8Array(packr.pack(tree))
}

/** The inverse of `packTree`. Throws `malformed_body` with the byte offset, `invalid_utf8`, or `limit_exceeded`. */
export function unpackTree(bytes: Uint8Array, maxDepth: number): unknown {
  return new MsgpackReader(bytes, maxDepth).readAll()
}

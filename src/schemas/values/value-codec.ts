import { isUtf8 } from 'node:buffer'
import { TextEncoder } from 'node:util'
import { MEDIA_TYPE } from '../attributes.ts'
import { comparableJson } from '../canonical-json.ts'
import { RepriseError } from '../errors.ts'
import { parseJson } from '../parse-json.ts'
import { packTree, unpackTree } from './msgpack.ts'
import { revive, TREE_MAX_DEPTH } from './value-revive.ts'
import { Tagger } from './value-tags.ts'

export interface EncodedValue {
  readonly mediaType: string
  /** Text for JSON, bytes for MessagePack. */
  readonly data: string | Uint8Array
}

/** A tree that JSON.stringify turns into the text of the value; `json` is false when it takes MessagePack to hold it. */
export interface JsonTree {
  readonly json: boolean
  readonly tree: unknown
}

/**
 * The value as a tree of plain JSON parts in which an `Opaque`, a `Truncated`, an error, a RegExp, a URL and a user's own
 * `$reprise` key stand as tagged objects. Parts that need no tag are shared with the value. For writers of JSON that work
 * in slices. Throws `limit_exceeded` past 128 levels, which a cycle is.
 */
export function jsonTreeOf(value: unknown): JsonTree {
  const tagger = new Tagger('json')
  const tree = tagger.tag(value)
  return { json: !tagger.needsMsgpack, tree }
}

/** What stands for a value where it is written as MessagePack: plain objects, arrays and Uint8Array, the rest in tagged objects. */
export function msgpackTreeOf(value: unknown): unknown {
  return new Tagger('msgpack').tag(value)
}

/**
 * Whether JSON cannot hold the value without loss: undefined anywhere (holes too), bigint, NaN, infinities, -0, Date, Map,
 * Set, ArrayBuffer and views of it. Throws `limit_exceeded` past 128 levels, which a cycle is.
 */
export function needsMsgpack(value: unknown): boolean {
  return !jsonTreeOf(value).json
}

/**
 * A value as bytes: the same value gives the same bytes, keys in the order they have. JSON where that is without loss,
 * else MessagePack. Class instances become their own enumerable fields; functions and symbols become `Opaque`; getters
 * are called, `toJSON` is not. Throws `limit_exceeded` past 128 levels, which a cycle is.
 */
export function encodeValue(value: unknown): EncodedValue {
  const { json, tree } = jsonTreeOf(value)
  if (json) return { mediaType: MEDIA_TYPE.json, data: JSON.stringify(tree) }
  return { mediaType: MEDIA_TYPE.msgpack, data: packTree(msgpackTreeOf(value)) }
}

function textOf(data: string | Uint8Array): string {
  if (typeof data === 'string') return data
  if (!isUtf8(data)) throw new RepriseError('invalid_utf8', 'the payload is not valid UTF-8')
  return Buffer.from(data.buffer, data.byteOffset, data.length).toString('utf8')
}

function readJson(data: string | Uint8Array): unknown {
  try {
    return parseJson(textOf(data))
  } catch (error) {
    if (RepriseError.isInstance(error)) throw error
    // The engine's message quotes the text, which may hold a secret: only the position is taken over, and no cause.
    const position = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined
    throw new RepriseError('malformed_body', `the payload is not JSON${position === undefined ? '' : ` (position ${position})`}`)
  }
}

/**
 * The inverse of `encodeValue`; text and bytes come back as such. `Opaque` and `Truncated` come back as instances, errors
 * as errors, `__proto__` as an ordinary own property. A tagged object that `encodeValue` would not write comes back as the
 * plain object it is. Throws `malformed_body`, `invalid_utf8`, `limit_exceeded`, `unsupported_media_type`; no message quotes the data.
 */
export function decodeValue(mediaType: string, data: string | Uint8Array): unknown {
  switch (mediaType) {
    case MEDIA_TYPE.json:
      return revive(readJson(data))
    case MEDIA_TYPE.msgpack:
      if (typeof data === 'string') throw new RepriseError('malformed_body', 'not a MessagePack value: text instead of bytes')
      return revive(unpackTree(data, TREE_MAX_DEPTH))
    case MEDIA_TYPE.attribute:
      return readJson(data)
    case MEDIA_TYPE.text:
      return textOf(data)
    case MEDIA_TYPE.bytes:
      return typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data)
    default:
      throw new RepriseError('unsupported_media_type', `cannot read a payload of type ${mediaType.slice(0, 100)}`)
  }
}

/**
 * Text that two values share exactly when they are deeply equal: the order of keys, and of the entries of Maps and Sets,
 * does not count, nor does an error's stack; a class instance equals a literal with the same fields. For plain JSON values
 * it is their canonical JSON. Throws `limit_exceeded` past 128 levels, which a cycle is.
 *
 * `orderOf` is for text with parts that differ between two runs, as keyed pseudonyms do: it gives what keys and entries are
 * sorted by, so that those parts do not decide about the order. What it makes equal stays in the order it has.
 */
export function canonicalValue(value: unknown, orderOf?: (text: string) => string): string {
  return comparableJson(new Tagger('canonical', orderOf).tag(value), orderOf)
}

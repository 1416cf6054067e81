import { isUtf8 } from 'node:buffer'
import { decodeValue, encodeValue, MEDIA_TYPE, RepriseError } from '../../schemas/index.ts'
import type { Redacted, Redactor } from '../redactor.ts'
import { MARK } from '../scanner/anchors.ts'
import type { CompiledPolicy } from '../scanner/compile.ts'
import { ANCHOR_FOUND, lookForAnchor } from '../scanner/scan.ts'
import { unscannedBytes, unscannedInText } from '../unscanned.ts'
import { hasCutMatch } from './find-json.ts'
import { looksLikeLines } from './json-lines.ts'
import { mayLookLikeChunks } from './series.ts'

export interface PayloadTools {
  readonly compiled: CompiledPolicy
  readonly redactText: Redactor['redactText']
  readonly redactJson: Redactor['redactJson']
  readonly redactValue: Redactor['redactValue']
  /** The policy speaks of places too, so that text without an anchor must be looked at. */
  readonly looksAtAll?: boolean
}

/** Media types outside text/* whose bytes are text. */
const TEXT_TYPES =
  /^(?:application\/(?:x-www-form-urlencoded|xml|yaml|x-yaml|toml|javascript|ecmascript|typescript|graphql|sql|x-sh|x-ndjson|ndjson|jsonl|json-seq)$|message\/)|\+(?:xml|yaml)$/
const JSON_TYPES = /^(?:application|text)\/json$|\+json$/
/** Bytes of unknown make: text when at most this share are control characters. */
const CONTROL_SHARE_MAX = 0.02
const OPEN_BRACKET = 0x5b
const OPEN_BRACE = 0x7b

type Kind = 'json' | 'text' | 'msgpack' | 'unknown' | 'binary'
const kinds = new Map<string, Kind>()
const KINDS_MAX = 256

/** By media type, parameters aside (RFC 9110 section 8.3.1). Types repeat, so answers are kept. */
function kindOf(mediaType: string): Kind {
  const known = kinds.get(mediaType)
  if (known !== undefined) return known
  const type = (mediaType.split(';', 1)[0] ?? '').trim().toLowerCase()
  const isUnknown = type === '' || type === MEDIA_TYPE.bytes || type === 'binary/octet-stream'
  let kind: Kind = isUnknown ? 'unknown' : 'binary'
  if (type === MEDIA_TYPE.msgpack) kind = 'msgpack'
  else if (JSON_TYPES.test(type)) kind = 'json'
  else if (type.startsWith('text/') || TEXT_TYPES.test(type)) kind = 'text'
  if (kinds.size >= KINDS_MAX) kinds.clear()
  kinds.set(mediaType, kind)
  return kind
}

/** Redacts a payload in the form in which it is stored, by its media type. */
export function redactPayloadWith(
  tools: PayloadTools,
  mediaType: string,
  data: string | Uint8Array,
  field: string,
): Redacted<string | Uint8Array> {
  const kind = kindOf(mediaType)
  if (kind === 'msgpack') return redactMsgpack(tools, data, field)
  const redact = kind === 'json' ? tools.redactJson : tools.redactText
  if (typeof data !== 'string' && (kind === 'binary' || (kind === 'unknown' && !isReadable(data))))
    return { value: data, counts: undefined, unscanned: unscannedBytes(mediaType) }
  if (typeof data === 'string') return { ...redact(data, field), ...leftIn(data) }
  const buffer = data instanceof Buffer ? data : Buffer.from(data.buffer, data.byteOffset, data.length)
  // A field's name can make a secret of a text that has no anchor.
  const isLookedAt = tools.looksAtAll === true || (field !== '' && tools.compiled.fieldOf(field) !== undefined)
  const met = isLookedAt ? ANCHOR_FOUND : lookForAnchor(tools.compiled.automaton, data)
  const mayBeCut = met !== ANCHOR_FOUND && looksCut(buffer, (met & MARK.parts) !== 0)
  if (met !== ANCHOR_FOUND && !mayBeCut && (met & MARK.unscanned) === 0) return { value: data, counts: undefined }
  const left = (met & MARK.unscanned) === 0 ? undefined : leftIn(buffer)
  // Text in another encoding goes through as bytes; what the rules look for is ASCII.
  const encoding = isUtf8(data) ? 'utf8' : 'latin1'
  const text = buffer.toString(encoding)
  if (met !== ANCHOR_FOUND && !(mayBeCut && hasCutMatch(tools.compiled, text))) return { value: data, counts: undefined, ...left }
  const { value, counts } = redact(text, field)
  return counts === undefined ? { value: data, counts, ...left } : { value: Buffer.from(value, encoding), counts, ...left }
}

function leftIn(data: string | Buffer): Pick<Redacted<unknown>, 'unscanned'> | undefined {
  const unscanned = unscannedInText(data)
  return unscanned === undefined ? undefined : { unscanned }
}

/** A cheap first look at a text without an anchor: whether one may be cut in pieces there (see `hasCutMatch`). */
function looksCut(text: Buffer, hasPartMark: boolean): boolean {
  if (text[0] === OPEN_BRACKET) return hasPartMark || mayLookLikeChunks(text)
  return (text[0] === OPEN_BRACE && hasPartMark) || looksLikeLines(text)
}

function redactMsgpack(tools: PayloadTools, data: string | Uint8Array, field: string): Redacted<string | Uint8Array> {
  let decoded: unknown
  try {
    decoded = decodeValue(MEDIA_TYPE.msgpack, data)
  } catch {
    throw new RepriseError('redaction_failed', 'redaction: the payload is not the MessagePack value that its media type says')
  }
  const { value, counts, unscanned } = tools.redactValue(decoded, field)
  const left = unscanned === undefined ? undefined : { unscanned }
  if (counts === undefined) return { value: data, counts, ...left }
  const encoded = encodeValue(value)
  // Where the one thing that took MessagePack was replaced (a card number as bigint), the media type would be wrong.
  if (encoded.mediaType !== MEDIA_TYPE.msgpack)
    throw new RepriseError('redaction_failed', 'redaction: the value no longer fits its media type')
  return { value: encoded.data, counts, ...left }
}

function isReadable(bytes: Uint8Array): boolean {
  if (!isUtf8(bytes)) return false
  let controls = 0
  for (const byte of bytes) if ((byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) || byte === 0x7f) controls++
  return controls <= bytes.length * CONTROL_SHARE_MAX
}
